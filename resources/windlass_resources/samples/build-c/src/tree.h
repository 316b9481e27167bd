/* The Huffman tree of a text's bytes. */
#ifndef TREE_H
#define TREE_H

#include <stdint.h>

#define SYMBOLS 256

typedef struct node {
    uint64_t weight;
    int order;
    int symbol; /* -1 for an inner node */
    struct node *zero, *one;
} node;

typedef struct {
    node nodes[2 * SYMBOLS];
    int count;
    node *root; /* NULL for an empty text */
} tree;

typedef struct {
    uint8_t bit[SYMBOLS]; /* the path from the root, one bit each */
    int length;
} code;

void tree_build(tree *t, const uint64_t weights[SYMBOLS]);
void tree_codes(const tree *t, code codes[SYMBOLS]);

#endif
