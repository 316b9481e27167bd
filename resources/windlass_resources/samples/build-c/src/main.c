#include <stdio.h>
#include <string.h>
#include "codec.h"

int main(int argc, char **argv)
{
    if (argc != 4 || (strcmp(argv[1], "pack") != 0 && strcmp(argv[1], "unpack") != 0)) {
        fprintf(stderr, "usage: %s pack|unpack IN OUT\n", argv[0]);
        return 2;
    }
    FILE *in = fopen(argv[2], "rb");
    if (in == NULL) {
        perror(argv[2]);
        return 1;
    }
    FILE *out = fopen(argv[3], "wb");
    if (out == NULL) {
        perror(argv[3]);
        return 1;
    }
    const char *error = strcmp(argv[1], "pack") == 0 ? codec_pack(in, out) : codec_unpack(in, out);
    fclose(in);
    if (fclose(out) != 0 && error == NULL)
        error = "cannot write the output";
    if (error != NULL) {
        fprintf(stderr, "%s: %s\n", argv[2], error);
        return 1;
    }
    return 0;
}
