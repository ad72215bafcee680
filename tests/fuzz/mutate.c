/* SPDX-License-Identifier: MIT */
/* Random changes for mutators that know the structure of their input. */
#include "fuzz/mutate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/driver.h"

long fuzz_accepted;

/* ---- numbers --------------------------------------------------------------------------------- */

fuzz_random fuzz_random_make(unsigned seed)
{
    return (fuzz_random){.state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1};
}

uint32_t fuzz_draw(fuzz_random *random, uint32_t bound)
{
    uint64_t x = random->state += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((x >> 32) * bound >> 32);
}

bool fuzz_chance(fuzz_random *random, uint32_t in)
{
    return !random->calm && fuzz_draw(random, in) == 0;
}

int64_t fuzz_integer(fuzz_random *random)
{
    static const int64_t special[] = {0, -1, INT64_MAX, INT64_MIN, INT32_MAX, UINT32_MAX, 65535, 1000, 1000000};
    switch (fuzz_draw(random, 4)) {
    case 0:
        return special[fuzz_draw(random, FUZZ_COUNT(special))];
    case 1:
        return (int64_t)(UINT64_C(1) << fuzz_draw(random, 63));
    case 2:
        return (int64_t)(UINT64_C(1) << fuzz_draw(random, 54)) + (int64_t)fuzz_draw(random, 3) - 1;
    default:
        return fuzz_draw(random, 17);
    }
}

void fuzz_number(fuzz_random *random, char *text, size_t capacity)
{
    static const char *const other[] = {"nan", "-inf", "inf",  "1e308", "-1e-320", "0.5", "1e-3", "-0",
                                        "yes", "",     "1e39", "0x10",  "1.",      "+7",  "--1",  "1e"};
    if (fuzz_chance(random, 3))
        snprintf(text, capacity, "%s", other[fuzz_draw(random, FUZZ_COUNT(other))]);
    else
        snprintf(text, capacity, "%lld", (long long)fuzz_integer(random));
}

/* ---- text ------------------------------------------------------------------------------------ */

void fuzz_replace(fuzz_text *text, size_t at, size_t removed, const char *by, size_t length)
{
    if (text->length - removed + length >= text->capacity)
        return;
    memmove(text->bytes + at + length, text->bytes + at + removed, text->length - at - removed + 1);
    memcpy(text->bytes + at, by, length);
    text->length += length - removed;
}

fuzz_span fuzz_piece(fuzz_random *random, const fuzz_text *text, fuzz_span within, const char *separators)
{
    const char *bytes = text->bytes + within.at;
    size_t begin = within.length ? fuzz_draw(random, (uint32_t)within.length) : 0, end = begin;
    while (begin > 0 && !strchr(separators, bytes[begin - 1]))
        begin--;
    while (end < within.length && !strchr(separators, bytes[end]))
        end++;
    return (fuzz_span){within.at + begin, end - begin};
}

static fuzz_span any_line(fuzz_random *random, const fuzz_text *text)
{
    fuzz_span line = fuzz_piece(random, text, (fuzz_span){0, text->length}, "\n");
    line.length += line.at + line.length < text->length; /* with its end */
    return line;
}

static void repeat_line(fuzz_random *random, fuzz_text *text, fuzz_span line)
{
    char copy[256];
    const uint32_t times = UINT32_C(1) << (fuzz_chance(random, 4) ? fuzz_draw(random, 12) : 0);
    if (line.length >= sizeof copy)
        return;
    memcpy(copy, text->bytes + line.at, line.length);
    for (uint32_t i = 0; i < times; i++)
        fuzz_replace(text, line.at, 0, copy, line.length);
}

void fuzz_edit_lines(fuzz_random *random, fuzz_text *text)
{
    char copy[256];
    const fuzz_span from = any_line(random, text), to = any_line(random, text);
    switch (fuzz_draw(random, 4)) {
    case 0:
        fuzz_replace(text, from.at, from.length, "", 0);
        break;
    case 1:
        if (from.length < sizeof copy) {
            memcpy(copy, text->bytes + from.at, from.length);
            fuzz_replace(text, to.at, fuzz_chance(random, 2) ? to.length : 0, copy, from.length);
        }
        break;
    default:
        repeat_line(random, text, from);
    }
}

void fuzz_edit_text(fuzz_random *random, fuzz_text *text)
{
    static const char digits[] = "0123456789";
    char number[40];
    if (text->length == 0)
        return;
    size_t at = fuzz_draw(random, (uint32_t)text->length);
    const size_t found = at + strcspn(text->bytes + at, digits);
    if (found == text->length || fuzz_chance(random, 4)) {
        number[0] = (char)fuzz_draw(random, fuzz_chance(random, 4) ? 256 : 128);
        fuzz_replace(text, at, fuzz_draw(random, 2), number, number[0] != '\0');
        return;
    }
    for (at = found; at > 0 && strchr(digits, text->bytes[at - 1]);)
        at--;
    fuzz_number(random, number, sizeof number);
    fuzz_replace(text, at, strspn(text->bytes + at, digits), number, strlen(number));
}

/* ---- inputs ---------------------------------------------------------------------------------- */

size_t fuzz_any_seed(fuzz_random *random, uint8_t *bytes, size_t capacity)
{
    int count = 0;
    while (fuzz_seed(count, bytes, capacity))
        count++;
    return count ? fuzz_seed((int)fuzz_draw(random, (uint32_t)count), bytes, capacity) : 0;
}

const char *fuzz_file(const uint8_t *bytes, size_t size)
{
    static char path[32];
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("fuzz", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, bytes, size, 0) != (ssize_t)size) {
        perror("memfd");
        exit(EXIT_FAILURE);
    }
    return path;
}
