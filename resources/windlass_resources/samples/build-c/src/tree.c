#include "tree.h"

#include <string.h>
#include "heap.h"

static node *add(tree *t, uint64_t weight, int symbol, node *zero, node *one)
{
    node *n = &t->nodes[t->count];
    n->weight = weight;
    n->order = t->count++;
    n->symbol = symbol;
    n->zero = zero;
    n->one = one;
    return n;
}

void tree_build(tree *t, const uint64_t weights[SYMBOLS])
{
    heap h = {.count = 0};
    t->count = 0;
    for (int symbol = 0; symbol < SYMBOLS; symbol++)
        if (weights[symbol] > 0)
            heap_push(&h, add(t, weights[symbol], symbol, NULL, NULL));
    /* A text of one single symbol still needs a code of one bit. */
    if (h.count == 1) {
        node *only = heap_pop(&h);
        heap_push(&h, add(t, only->weight, -1, only, NULL));
    }
    while (h.count > 1) {
        node *zero = heap_pop(&h);
        node *one = heap_pop(&h);
        heap_push(&h, add(t, zero->weight + one->weight, -1, zero, one));
    }
    t->root = h.count == 1 ? h.items[0] : NULL;
}

static void walk(const node *n, code path, code codes[SYMBOLS])
{
    if (n == NULL)
        return;
    if (n->symbol >= 0) {
        codes[n->symbol] = path;
        return;
    }
    path.length++;
    path.bit[path.length - 1] = 0;
    walk(n->zero, path, codes);
    path.bit[path.length - 1] = 1;
    walk(n->one, path, codes);
}

void tree_codes(const tree *t, code codes[SYMBOLS])
{
    code empty = {.length = 0};
    memset(codes, 0, SYMBOLS * sizeof codes[0]);
    walk(t->root, empty, codes);
}
