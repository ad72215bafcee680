/* SPDX-License-Identifier: MIT */
/* Reads CSV files as tensors and sources. */
#include <stdlib.h>
#include <string.h>

#include "files_priv.h"

static genlat_status load_csv(const char *path, const gnl_csv_opts *opts, gnl_csv *out)
{
    gnl_bytes bytes;
    GNL_FILES_TRY(gnl_files_load(path, &bytes));
    genlat_status status = gnl_csv_parse(path, bytes.data, bytes.size, opts, out);
    free(bytes.data);
    return status;
}

genlat_status genlat_csv_read(genlat_ctx *ctx, const char *path, genlat_tensor **out)
{
    GNL_FILES_REQUIRE(out, "genlat_csv_read", "out is NULL");
    *out = NULL;
    GNL_FILES_REQUIRE(ctx, "genlat_csv_read", "ctx is NULL");
    GNL_FILES_REQUIRE(path, "genlat_csv_read", "path is NULL");
    gnl_csv csv;
    GNL_FILES_TRY(load_csv(path, &(gnl_csv_opts){.header = GNL_CSV_HEADER_TEXT}, &csv));
    const int64_t dims[] = {csv.rows, csv.columns};
    genlat_status status = genlat_tensor_from(ctx, 2, dims, csv.value, out);
    gnl_csv_free(&csv);
    return status;
}

static gnl_array array_of(const float *value, int64_t rows, int64_t columns, int32_t ndim)
{
    const uint16_t one = 1;
    return (gnl_array){.ndim = ndim,
                       .dim = {rows, columns},
                       .count = rows * columns,
                       .element = GNL_F32,
                       .big_endian = *(const uint8_t *)&one == 0,
                       .data = (const uint8_t *)value};
}

/* Reports rows that were left out. */
static void report_dropped(genlat_ctx *ctx, const char *path, const gnl_csv *csv)
{
    char line[GNL_FILES_PATH + 160];
    if (csv->dropped == 0)
        return;
    snprintf(line, sizeof line,
             "%s: missing=drop left out %lld of %lld rows because a value is missing, the first in line %lld", path,
             (long long)csv->dropped, (long long)(csv->rows + csv->dropped), (long long)csv->drop_line);
    genlat_ctx_log(ctx, GENLAT_LOG_WARNING, line);
}

genlat_status gnl_csv_open(genlat_ctx *ctx, const gnl_spec *spec, genlat_source **out)
{
    gnl_csv csv;
    gnl_csv_opts opts = spec->csv;
    opts.label = spec->label;
    opts.target = spec->target;
    opts.optional = spec->optional;
    GNL_FILES_TRY(load_csv(spec->path, &opts, &csv));
    report_dropped(ctx, spec->path, &csv);
    gnl_array x = array_of(csv.value, csv.rows, csv.columns, 2);
    gnl_array y = csv.targets ? array_of(csv.label, csv.rows, csv.targets, 2) : array_of(csv.label, csv.rows, 1, 1);
    const genlat_description description = {
        .size = sizeof description,
        .classes = csv.classes,
        .class_names = (const char *const *)csv.class,
        .columns = csv.name ? csv.columns : 0,
        .column_names = (const char *const *)csv.name,
        .content = spec->ndim > 1 ? GENLAT_CONTENT_ANY : GENLAT_CONTENT_TABLE,
    };
    genlat_status status = gnl_array_source(ctx, &x, spec, false, csv.label ? &y : NULL, out);
    if (status == GENLAT_OK)
        status = gnl_files_describe(spec->path, &description, out);
    gnl_csv_free(&csv);
    return status;
}
