#include "codec.h"

#include <string.h>
#include "bits.h"
#include "tree.h"

static const char MAGIC[4] = {'H', 'U', 'F', '1'};

static void put_weight(uint64_t weight, FILE *out)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        putc((int)(weight >> shift & 0xff), out);
}

static int get_weight(uint64_t *weight, FILE *in)
{
    *weight = 0;
    for (int i = 0; i < 8; i++) {
        int c = getc(in);
        if (c == EOF)
            return -1;
        *weight = *weight << 8 | (uint64_t)c;
    }
    return 0;
}

const char *codec_pack(FILE *in, FILE *out)
{
    uint64_t weights[SYMBOLS] = {0};
    static tree t;
    static code codes[SYMBOLS];
    bits b;
    int c;

    while ((c = getc(in)) != EOF)
        weights[c]++;
    if (ferror(in) || fseek(in, 0, SEEK_SET) != 0)
        return "cannot read the input twice";
    tree_build(&t, weights);
    tree_codes(&t, codes);
    fwrite(MAGIC, 1, sizeof MAGIC, out);
    for (int symbol = 0; symbol < SYMBOLS; symbol++)
        put_weight(weights[symbol], out);
    bits_writer(&b, out);
    while ((c = getc(in)) != EOF)
        for (int i = 0; i < codes[c].length; i++)
            bits_put(&b, codes[c].bit[i]);
    return bits_flush(&b) == 0 ? NULL : "cannot write the output";
}

const char *codec_unpack(FILE *in, FILE *out)
{
    char magic[sizeof MAGIC];
    uint64_t weights[SYMBOLS], left = 0;
    static tree t;
    bits b;

    if (fread(magic, 1, sizeof magic, in) != sizeof magic || memcmp(magic, MAGIC, sizeof magic) != 0)
        return "not a packed file";
    for (int symbol = 0; symbol < SYMBOLS; symbol++) {
        if (get_weight(&weights[symbol], in) != 0)
            return "the packed file is cut short";
        left += weights[symbol];
    }
    tree_build(&t, weights);
    bits_reader(&b, in);
    for (; left > 0; left--) {
        const node *n = t.root;
        while (n != NULL && n->symbol < 0) {
            int bit = bits_get(&b);
            if (bit < 0)
                return "the packed file is cut short";
            n = bit ? n->one : n->zero;
        }
        if (n == NULL)
            return "the packed file is damaged";
        putc(n->symbol, out);
    }
    return fflush(out) == 0 && !ferror(out) ? NULL : "cannot write the output";
}
