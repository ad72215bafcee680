/* SPDX-License-Identifier: MIT */
/* Writes WAV files with 16-bit PCM. */
#include <math.h>
#include <string.h>

#include "files_priv.h"

enum { HEADER = 44, PCM = 1, WIDTH = 2, MOST_CHANNELS = 64, MOST_RATE = 1000000 };

static uint8_t *put(uint8_t *at, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

static void write_header(FILE *stream, uint32_t channels, uint32_t rate, uint32_t bytes)
{
    uint8_t header[HEADER], *at = header;
    memcpy(at, "RIFF", 4);
    at = put(at + 4, HEADER - 8 + bytes, 4);
    memcpy(at, "WAVEfmt ", 8);
    at = put(at + 8, 16, 4);
    at = put(put(put(at, PCM, 2), channels, 2), rate, 4);
    at = put(put(put(at, rate * channels * WIDTH, 4), channels * WIDTH, 2), 8 * WIDTH, 2);
    memcpy(at, "data", 4);
    put(at + 4, bytes, 4);
    fwrite(header, 1, sizeof header, stream);
}

static void write_frames(FILE *stream, const float *value, int64_t channels, int64_t frames)
{
    for (int64_t i = 0; i < frames; i++)
        for (int64_t c = 0; c < channels; c++) {
            double level = (double)value[c * frames + i];
            double clamped = isnan(level) ? 0 : fmax(-1, fmin(1, level));
            uint8_t bytes[WIDTH];
            put(bytes, (uint32_t)(int32_t)lrint(32767 * clamped), WIDTH);
            fwrite(bytes, 1, WIDTH, stream);
        }
}

genlat_status genlat_wav_write(const char *path, const genlat_tensor *sound, int64_t rate)
{
    GNL_FILES_REQUIRE(path, "genlat_wav_write", "path is NULL");
    GNL_FILES_REQUIRE(sound, "genlat_wav_write", "sound is NULL");
    int32_t ndim = genlat_tensor_ndim(sound);
    int64_t channels = ndim == 2 ? genlat_tensor_dim(sound, 0) : 1, frames = genlat_tensor_dim(sound, -1);
    if (ndim < 1 || ndim > 2 || channels < 1 || channels > MOST_CHANNELS)
        return genlat_error_set(GENLAT_E_SHAPE,
                                "genlat_wav_write: sound has %d dimensions, %lld channels; [frames] or "
                                "[channels,frames] expected",
                                (int)ndim, (long long)channels);
    if (rate < 1 || rate > MOST_RATE || genlat_tensor_count(sound) > (INT32_MAX - HEADER) / WIDTH)
        return genlat_error_set(GENLAT_E_RANGE,
                                "genlat_wav_write: rate is %lld, sound has %lld values; a rate from 1 to %d and a "
                                "file of at most 2 GB expected",
                                (long long)rate, (long long)genlat_tensor_count(sound), MOST_RATE);
    gnl_output output;
    GNL_FILES_TRY(gnl_output_open(path, &output));
    write_header(output.stream, (uint32_t)channels, (uint32_t)rate, (uint32_t)(channels * frames * WIDTH));
    write_frames(output.stream, genlat_tensor_const_data(sound), channels, frames);
    return gnl_output_close(&output, gnl_output_check(&output));
}
