#include "bits.h"

void bits_writer(bits *b, FILE *file)
{
    b->file = file;
    b->byte = 0;
    b->used = 0;
}

void bits_put(bits *b, int bit)
{
    b->byte = (uint8_t)(b->byte << 1 | (bit != 0));
    if (++b->used == 8) {
        putc(b->byte, b->file);
        b->byte = 0;
        b->used = 0;
    }
}

int bits_flush(bits *b)
{
    while (b->used != 0)
        bits_put(b, 0);
    return fflush(b->file) == 0 && !ferror(b->file) ? 0 : -1;
}

void bits_reader(bits *b, FILE *file)
{
    b->file = file;
    b->byte = 0;
    b->used = 8;
}

int bits_get(bits *b)
{
    if (b->used == 8) {
        int c = getc(b->file);
        if (c == EOF)
            return -1;
        b->byte = (uint8_t)c;
        b->used = 0;
    }
    return b->byte >> (7 - b->used++) & 1;
}
