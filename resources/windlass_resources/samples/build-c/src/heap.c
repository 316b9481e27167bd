#include "heap.h"

/* Equal weights are told apart by age, so that the same text always gives the same tree. */
static int lighter(const node *a, const node *b)
{
    return a->weight != b->weight ? a->weight < b->weight : a->order < b->order;
}

static void swap(node **a, node **b)
{
    node *held = *a;
    *a = *b;
    *b = held;
}

void heap_push(heap *h, node *item)
{
    size_t at = h->count++;
    h->items[at] = item;
    while (at > 0 && lighter(h->items[at], h->items[(at - 1) / 2])) {
        swap(&h->items[at], &h->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

node *heap_pop(heap *h)
{
    node *top = h->items[0];
    size_t at = 0;
    h->items[0] = h->items[--h->count];
    for (;;) {
        size_t least = at, left = 2 * at + 1, right = left + 1;
        if (left < h->count && lighter(h->items[left], h->items[least]))
            least = left;
        if (right < h->count && lighter(h->items[right], h->items[least]))
            least = right;
        if (least == at)
            return top;
        swap(&h->items[at], &h->items[least]);
        at = least;
    }
}
