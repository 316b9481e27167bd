/* A binary heap of tree nodes, lightest first. */
#ifndef HEAP_H
#define HEAP_H

#include <stddef.h>
#include "tree.h"

#define HEAP_MAX 512

typedef struct {
    node *items[HEAP_MAX];
    size_t count;
} heap;

void heap_push(heap *h, node *item);
/* The lightest node; the heap must not be empty. */
node *heap_pop(heap *h);

#endif
