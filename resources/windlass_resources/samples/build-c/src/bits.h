/* Bits in a stream of bytes, most significant first. */
#ifndef BITS_H
#define BITS_H

#include <stdint.h>
#include <stdio.h>

typedef struct {
    FILE *file;
    uint8_t byte;
    int used; /* bits of `byte` that are filled (writer) or consumed (reader) */
} bits;

void bits_writer(bits *b, FILE *file);
void bits_put(bits *b, int bit);
/* Fills the last byte with zeros. Returns 0, or -1 when the stream failed. */
int bits_flush(bits *b);

void bits_reader(bits *b, FILE *file);
/* The next bit, or -1 at the end of the stream. */
int bits_get(bits *b);

#endif
