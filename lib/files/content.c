/* SPDX-License-Identifier: MIT */
/* Recognizes contents that are not plain text, so that readers of text can name them. */
#include <string.h>

#include "files_priv.h"

/* The first bytes of a format, its name, and the remedy. Earlier entries win. */
static const struct content {
    const char *bytes;
    size_t size;
    const char *name, *remedy;
} contents[] = {
    {"\xFF\xFE\0\0", 4, "text in UTF-32", "save it as UTF-8"},
    {"\0\0\xFE\xFF", 4, "text in UTF-32", "save it as UTF-8"},
    {"\xFF\xFE", 2, "text in UTF-16", "save it as UTF-8, such as with iconv -f UTF-16 -t UTF-8"},
    {"\xFE\xFF", 2, "text in UTF-16", "save it as UTF-8, such as with iconv -f UTF-16 -t UTF-8"},
    {"PK\3\4", 4, "a zip archive", "extract the file that you want"},
    {"PK\5\6", 4, "an empty zip archive", "use another file"},
    {"\x1F\x8B", 2, "compressed by gzip", "decompress it with gunzip"},
    {"BZh", 3, "compressed by bzip2", "decompress it with bunzip2"},
    {"\xFD"
     "7zXZ\0",
     6, "compressed by xz", "decompress it with unxz"},
    {"\x28\xB5\x2F\xFD", 4, "compressed by zstd", "decompress it with unzstd"},
    {"\xD0\xCF\x11\xE0", 4, "an old Excel workbook or another document of Office", "export the sheet as CSV in UTF-8"},
    {"%PDF-", 5, "a PDF document", "export its text"},
    {"\x89PNG", 4, "a PNG image", "open the folder of images with image:"},
    {"\xFF\xD8\xFF", 3, "a JPEG image", "open the folder of images with image:"},
    {"RIFF", 4, "a sound or video file", "open sound with wav:"},
    {"\x93NUMPY", 6, "a NumPy array", "open it with npy:"},
    {"\x89HDF", 4, "an HDF5 file", "convert it, such as to .npy"},
    {"PAR1", 4, "a Parquet file", "convert it, such as to CSV"},
    {"SQLite format 3", 15, "an SQLite database", "export the table as CSV"},
    {"\x7F"
     "ELF",
     4, "a program", "use another file"},
};

/* Whether the beginning of the contents has this text. */
static bool mentions(const uint8_t *data, size_t size, const char *text)
{
    return memmem(data, GNL_FILES_MIN(size, (size_t)4096), text, strlen(text)) != NULL;
}

static genlat_status refuse(const char *path, const char *name, const char *remedy)
{
    return genlat_error_set(GENLAT_E_FORMAT, "%s: the file is not plain text but %s; %s", path, name, remedy);
}

/* Text in UTF-16 without a mark: nearly every second byte is zero. */
static bool is_wide_text(const uint8_t *data, size_t size)
{
    size_t zeros[2] = {0}, sample = GNL_FILES_MIN(size, (size_t)256) & ~(size_t)1;
    for (size_t i = 0; i < sample; i++)
        zeros[i % 2] += data[i] == 0;
    for (int i = 0; i < 2; i++)
        if (zeros[i] * 8 >= sample * 3 && zeros[1 - i] * 8 <= sample)
            return sample > 0;
    return false;
}

genlat_status gnl_content_text(const char *path, const uint8_t *data, size_t size)
{
    if (size >= 4 && memcmp(data, "PK\3\4", 4) == 0 &&
        (mentions(data, size, "[Content_Types].xml") || mentions(data, size, "xl/")))
        return refuse(path, "an Excel workbook or another document of Office", "export the sheet as CSV in UTF-8");
    for (size_t i = 0; i < GNL_FILES_COUNT(contents); i++)
        if (size >= contents[i].size && memcmp(data, contents[i].bytes, contents[i].size) == 0)
            return refuse(path, contents[i].name, contents[i].remedy);
    if (is_wide_text(data, size))
        return refuse(path, "text in UTF-16", "save it as UTF-8, such as with iconv -f UTF-16 -t UTF-8");
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    if (zero)
        return genlat_error_set(GENLAT_E_FORMAT, "%s: the file is binary: byte %zu is zero; a file of text expected",
                                path, (size_t)(zero - data));
    return GENLAT_OK;
}

const char *gnl_content_shown(const char *text, size_t length, char out[GNL_FILES_SHOWN])
{
    enum { MOST = 40 };
    bool cut = length > MOST;
    length = GNL_FILES_MIN(length, (size_t)MOST);
    while (cut && length && ((unsigned char)text[length] & 0xC0) == 0x80) /* not within a character of UTF-8 */
        length--;
    for (size_t i = 0; i < length; i++)
        out[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7F ? '.' : text[i];
    strcpy(out + length, cut ? "..." : "");
    return out;
}

bool gnl_content_utf8(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        size_t length = *at < 0x80 ? 1 : *at < 0xE0 ? 2 : *at < 0xF0 ? 3 : 4;
        if (length > 1 && (*at < 0xC2 || *at > 0xF4))
            return false;
        for (size_t i = 1; i < length; i++)
            if ((at[i] & 0xC0) != 0x80)
                return false;
        at += length;
    }
    return true;
}
