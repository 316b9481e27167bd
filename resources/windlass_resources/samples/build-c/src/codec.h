/* Packed files: "HUF1", 256 weights of 8 bytes (big-endian), then the text's codes. */
#ifndef CODEC_H
#define CODEC_H

#include <stdio.h>

/* Both return NULL, or what went wrong. `in` of codec_pack must be seekable: it is read twice. */
const char *codec_pack(FILE *in, FILE *out);
const char *codec_unpack(FILE *in, FILE *out);

#endif
