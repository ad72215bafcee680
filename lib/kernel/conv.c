/* SPDX-License-Identifier: MIT */
/*
 * Convolution: with Winograd's transforms or directly where that is faster, otherwise as matrix products over lowered
 * tiles, one tile or group of samples per task. The division into tasks depends only on sizes, and results to which
 * several tasks contribute are summed in a fixed order. So the result does not depend on the number of threads.
 */
#include "kernel/conv_priv.h"

enum {
    COLS_NUMBERS = 1 << 18, /* target size of a lowered tile: 1 MiB, about the cache of a core */
    MIN_COLUMNS = 192,      /* with fewer columns, packing the weights dominates a product */
    MAX_COLUMNS = 1024,
    TILES_MULTIPLE = 4,     /* the number of sample tiles is a multiple, so that threads finish together */
    SMALL_WEIGHT = 1 << 15, /* weights of up to this size use several partial gradients */
    PARTS = 8,              /* number of partial gradients */
    BLOCKS = 8,             /* blocks of channels for the gradient of a large weight, or for the image of few samples */
    MIN_BLOCK_ROWS = 128,   /* minimum number of rows of the lowered image in a block */
    SCATTER_ROWS = 128      /* rows of the lowered image that are summed at a time */
};

/* ---- sizes ------------------------------------------------------------------------------------------- */

typedef struct sizes {
    int64_t depth;                        /* rows of the lowered image in a group: channels x kernel */
    int64_t taps;                         /* positions of the kernel */
    int64_t map, image;                   /* positions of one channel */
    int64_t map_channels, image_channels; /* per group */
    int64_t weights;                      /* of all groups */
} sizes;

static sizes sizes_of(const gnl_conv *g)
{
    sizes z = {.taps = g->kernel[0] * g->kernel[1],
               .map = g->map[0] * g->map[1],
               .image = g->image[0] * g->image[1],
               .map_channels = g->map_channels / g->groups,
               .image_channels = g->image_channels / g->groups};
    z.depth = z.image_channels * z.taps;
    z.weights = g->map_channels * z.depth;
    return z;
}

/* Returns true if the kernel covers the whole image, so that the convolution is a dense layer. */
static bool is_dense(const gnl_conv *g)
{
    bool one = g->groups == 1;
    for (int i = 0; i < 2; i++)
        one = one && g->map[i] == 1 && g->padding[i] == 0 && g->kernel[i] == g->image[i] &&
              (g->dilation[i] == 1 || g->kernel[i] == 1);
    return one;
}

/* Returns true for a 1 x 1 convolution: one matrix product per position, in place if a tile has one sample. The image
 * of a transposed convolution may be larger than the map, because of output_padding; it is then not pointwise. */
static bool is_pointwise(const gnl_conv *g)
{
    bool one = true;
    for (int i = 0; i < 2; i++)
        one = one && g->kernel[i] == 1 && g->stride[i] == 1 && g->padding[i] == 0 && g->map[i] == g->image[i];
    return one;
}

/* ---- tiles ------------------------------------------------------------------------------------------- */

typedef struct tiling {
    int64_t samples, lines, columns; /* of a tile, at most */
    int64_t sample_tiles, line_tiles, column_tiles;
    int64_t count, pieces; /* number of tiles in total, and per sample group */
} tiling;

/* Returns the size of the pieces when `all` is divided evenly into pieces of at most `most`. */
static int64_t balanced(int64_t all, int64_t most)
{
    return gnl_ceil_div(all, gnl_ceil_div(all, GNL_MAX(most, 1)));
}

static int64_t samples_of_tile(int64_t rows, int64_t most)
{
    int64_t tiles = gnl_ceil_div(rows, GNL_MAX(most, 1));
    if (tiles > 1)
        tiles = GNL_MIN(gnl_ceil_div(tiles, TILES_MULTIPLE) * TILES_MULTIPLE, rows);
    return gnl_ceil_div(rows, GNL_MAX(tiles, 1));
}

static int64_t max_columns(const sizes *z)
{
    return GNL_MIN(GNL_MAX(COLS_NUMBERS / z->depth, MIN_COLUMNS), MAX_COLUMNS);
}

/* `alone`: a tile has at most one sample. */
static tiling tiling_of(const gnl_conv *g, int64_t rows, bool alone)
{
    sizes z = sizes_of(g);
    int64_t columns = alone ? GNL_MAX(GNL_MIN(max_columns(&z), z.map), 1) : max_columns(&z);
    tiling t = {.samples = 1, .lines = g->map[0], .columns = g->map[1]};
    if (z.map <= columns)
        t.samples = samples_of_tile(rows, columns / z.map);
    else if (g->map[1] <= columns)
        t.lines = balanced(g->map[0], columns / g->map[1]);
    else {
        t.lines = 1;
        t.columns = balanced(g->map[1], columns);
    }
    t.sample_tiles = gnl_ceil_div(rows, GNL_MAX(t.samples, 1));
    t.line_tiles = gnl_ceil_div(g->map[0], t.lines);
    t.column_tiles = gnl_ceil_div(g->map[1], t.columns);
    t.pieces = t.line_tiles * t.column_tiles;
    t.count = t.sample_tiles * t.pieces;
    return t;
}

static gnl_conv_tile tile_at(const gnl_conv *g, const tiling *t, int64_t rows, int64_t index)
{
    gnl_conv_tile tile = {.sample = index / t->pieces * t->samples,
                          .y = index % t->pieces / t->column_tiles * t->lines,
                          .x = index % t->column_tiles * t->columns};
    tile.samples = GNL_MIN(t->samples, rows - tile.sample);
    tile.lines = GNL_MIN(t->lines, g->map[0] - tile.y);
    tile.columns = GNL_MIN(t->columns, g->map[1] - tile.x);
    return tile;
}

/* ---- scratch of a worker --------------------------------------------------------------------------------- */

typedef struct space {
    int64_t cols, map, window; /* numbers */
    int64_t all;               /* distance between the scratch of consecutive workers */
} space;

static int64_t aligned(int64_t n)
{
    const int64_t unit = GNL_ALIGN / (int64_t)sizeof(gnl_real);
    return gnl_ceil_div(n, unit) * unit;
}

static space space_of(const gnl_conv *g, const tiling *t)
{
    sizes z = sizes_of(g);
    int64_t size = t->samples * t->lines * t->columns;
    gnl_conv_frame f = gnl_conv_frame_of(g, t->lines, t->columns);
    space s = {.cols = aligned(z.depth * size),
               .map = aligned(t->samples > 1 ? z.map_channels * size : 0),
               .window = aligned(t->samples * gnl_conv_window(g, &f))};
    s.all = s.cols + s.map + s.window;
    return s;
}

int64_t gnl_conv_scratch(const gnl_conv *g, int64_t rows, int threads)
{
    if (is_dense(g))
        return 0;
    sizes z = sizes_of(g);
    tiling t = tiling_of(g, GNL_MAX(rows, 1), false);
    /* Dividing fewer rows evenly can produce larger tiles than dividing all of them. */
    t.samples = GNL_MAX(GNL_MIN(max_columns(&z) / z.map, rows), 1);
    int64_t partial = z.weights <= SMALL_WEIGHT ? aligned(PARTS * z.weights) : 0;
    int64_t others = GNL_MAX(gnl_winograd_scratch(g, rows, threads), gnl_direct_scratch(g, rows, threads));
    return GNL_MAX(threads * space_of(g, &t).all + partial, others);
}

/* ---- one call ------------------------------------------------------------------------------------------ */

typedef struct call {
    const gnl_compute *c;
    const gnl_conv *g;
    sizes z;
    tiling t;
    space s;
    int64_t rows;
    int64_t parts, blocks; /* number of parts of the tiles; number of blocks of a group's image channels */
    const gnl_real *weight, *bias;
    const gnl_real *image, *map;
    gnl_real *image_out, *map_out, *grad, *partial, *scratch;
} call;

static call call_of(const gnl_compute *c, const gnl_conv *g, int64_t rows, bool alone, gnl_real *scratch)
{
    call k = {.c = c, .g = g, .z = sizes_of(g), .t = tiling_of(g, rows, alone), .rows = rows, .parts = 1, .blocks = 1};
    k.s = space_of(g, &k.t);
    k.scratch = scratch;
    return k;
}

/* Number of blocks of channels. Each has enough rows for an efficient product. */
static int64_t blocks_of(const sizes *z)
{
    int64_t most = GNL_MIN(z->image_channels, (int64_t)BLOCKS);
    return GNL_MAX(GNL_MIN(most, z->depth / MIN_BLOCK_ROWS), 1);
}

/* A block of image channels of one group. */
typedef struct block {
    int64_t group, channel, channels; /* channel within the group */
} block;

static block block_at(const call *k, int64_t index)
{
    int64_t of = index % k->blocks;
    block b = {.group = index / k->blocks, .channel = k->z.image_channels * of / k->blocks};
    b.channels = k->z.image_channels * (of + 1) / k->blocks - b.channel;
    return b;
}

static const gnl_real *weight_of(const call *k, const block *b)
{
    return k->weight + b->group * k->z.map_channels * k->z.depth + b->channel * k->z.taps;
}

/* A matrix: address and distance between rows. */
typedef struct matrix {
    const gnl_real *data;
    int64_t ld;
} matrix;

static int64_t image_at(const call *k, const gnl_conv_tile *t, const block *b)
{
    return (t->sample * k->g->image_channels + b->group * k->z.image_channels + b->channel) * k->z.image;
}

static int64_t map_at(const call *k, const gnl_conv_tile *t, int64_t group)
{
    return (t->sample * k->g->map_channels + group * k->z.map_channels) * k->z.map + t->y * k->g->map[1] + t->x;
}

/* Returns the block's lowered image on a tile, [channels x taps, tile size]. */
static matrix lowered(const call *k, int worker, const gnl_conv_tile *t, const block *b)
{
    if (is_pointwise(k->g) && t->samples == 1)
        return (matrix){k->image + image_at(k, t, b) + t->y * k->g->map[1] + t->x, k->z.image};
    gnl_real *cols = k->scratch + worker * k->s.all, *window = cols + k->s.cols + k->s.map;
    k->c->k->im2col(k->g, t, b->group * k->z.image_channels + b->channel, b->channels, k->image, window, cols);
    return (matrix){cols, gnl_conv_tile_size(t)};
}

/* Returns the group's map on a tile, [map channels, tile size]. */
static matrix map_of(const call *k, int worker, const gnl_conv_tile *t, int64_t group)
{
    const gnl_real *from = k->map + map_at(k, t, group);
    if (t->samples == 1)
        return (matrix){from, k->z.map};
    gnl_real *packed = k->scratch + worker * k->s.all + k->s.cols;
    int64_t size = gnl_conv_tile_size(t);
    for (int64_t s = 0; s < t->samples; s++, from += k->g->map_channels * k->z.map)
        for (int64_t m = 0; m < k->z.map_channels; m++)
            memcpy(packed + m * size + s * k->z.map, from + m * k->z.map, (size_t)k->z.map * sizeof *packed);
    return (matrix){packed, size};
}

/* ---- gather: map = weight * image + bias ----------------------------------------------------- */

static void add_number(int64_t n, gnl_real number, const gnl_real *from, gnl_real *out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = from[i] + number;
}

/* Copies the rows of the product to the maps of the samples and adds the bias. */
static void store_map(const call *k, const gnl_conv_tile *t, int64_t group, const gnl_real *product, int64_t ld)
{
    int64_t one = t->lines * t->columns;
    gnl_real *out = k->map_out + map_at(k, t, group);
    const gnl_real *bias = k->bias ? k->bias + group * k->z.map_channels : NULL;
    if (t->samples == 1 && !bias)
        return;
    for (int64_t s = 0; s < t->samples; s++, out += k->g->map_channels * k->z.map)
        for (int64_t m = 0; m < k->z.map_channels; m++)
            add_number(one, bias ? bias[m] : 0, product + m * ld + s * one, out + m * k->z.map);
}

static void gather_tile(const call *k, int worker, const gnl_conv_tile *t, int64_t group)
{
    block all = {group, 0, k->z.image_channels};
    matrix cols = lowered(k, worker, t, &all);
    bool direct = t->samples == 1;
    int64_t size = gnl_conv_tile_size(t), ld = direct ? k->z.map : size;
    gnl_real *out = direct ? k->map_out + map_at(k, t, group) : k->scratch + worker * k->s.all + k->s.cols;
    gnl_gemm_one(k->c, worker, GNL_AS_IS, GNL_AS_IS, k->z.map_channels, size, k->z.depth, 1, weight_of(k, &all),
                 k->z.depth, cols.data, cols.ld, 0, out, ld);
    store_map(k, t, group, out, ld);
}

static void gather_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const call *k = arg;
    for (int64_t i = begin; i < end; i++) {
        gnl_conv_tile tile = tile_at(k->g, &k->t, k->rows, i);
        for (int64_t group = 0; group < k->g->groups; group++)
            gather_tile(k, worker, &tile, group);
    }
}

void gnl_conv_gather(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                     const gnl_real *weight, const gnl_real *bias, gnl_real *map, gnl_real *scratch)
{
    if (gnl_winograd_gather(c, g, rows, image, weight, bias, map, scratch) ||
        gnl_direct_gather(c, g, rows, image, weight, bias, map, scratch))
        return;
    call k = call_of(c, g, rows, is_pointwise(g), scratch);
    if (is_dense(g)) {
        gnl_gemm(c, GNL_AS_IS, GNL_TRANSPOSED, rows, g->map_channels, k.z.depth, 1, image, k.z.depth, weight, k.z.depth,
                 0, map, g->map_channels);
        if (bias)
            gnl_add_bias(c, rows, g->map_channels, 1, bias, map);
        return;
    }
    k.image = image;
    k.weight = weight;
    k.bias = bias;
    k.map_out = map;
    gnl_parallel(c->ctx, k.t.count, 1, gather_task, &k);
}

/* ---- scatter: image = transposed weight * map + bias ----------------------------------------- */

static void init_image(const call *k, const gnl_conv_tile *t, const block *b)
{
    for (int64_t s = 0; s < t->samples; s++) {
        gnl_real *out = k->image_out + image_at(k, t, b) + s * k->g->image_channels * k->z.image;
        for (int64_t c = 0; c < b->channels; c++) {
            gnl_real start = k->bias ? k->bias[b->group * k->z.image_channels + b->channel + c] : 0;
            for (int64_t i = 0; i < k->z.image; i++)
                *out++ = start;
        }
    }
}

/* Processes some channels of a block. `map` is the group's map on the tile. */
static void scatter_channels(const call *k, int worker, const gnl_conv_tile *t, const block *b, matrix map)
{
    bool direct = is_pointwise(k->g) && t->samples == 1;
    gnl_real *cols = k->scratch + worker * k->s.all, *window = cols + k->s.cols + k->s.map;
    int64_t size = gnl_conv_tile_size(t), ld = direct ? k->z.image : size;
    gnl_real *out = direct ? k->image_out + image_at(k, t, b) + t->y * k->g->map[1] + t->x : cols;
    gnl_gemm_one(k->c, worker, GNL_TRANSPOSED, GNL_AS_IS, b->channels * k->z.taps, size, k->z.map_channels, 1,
                 weight_of(k, b), k->z.depth, map.data, map.ld, direct && k->bias ? 1 : 0, out, ld);
    if (!direct)
        k->c->k->col2im(k->g, t, b->group * k->z.image_channels + b->channel, b->channels, cols, window, k->image_out);
}

/* Processes a few channels at a time, so that the result of the product is summed while it is in the cache. */
static void scatter_tile(const call *k, int worker, const gnl_conv_tile *t, const block *b)
{
    matrix map = map_of(k, worker, t, b->group);
    int64_t end = b->channel + b->channels;
    block some = {b->group, b->channel, is_pointwise(k->g) ? b->channels : GNL_MAX(SCATTER_ROWS / k->z.taps, 1)};
    for (; some.channel < end; some.channel += some.channels) {
        some.channels = GNL_MIN(some.channels, end - some.channel);
        scatter_channels(k, worker, t, &some, map);
    }
}

/* The tiles of one sample overlap in the image, so one task processes them sequentially. */
static void scatter_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const call *k = arg;
    int64_t blocks = k->g->groups * k->blocks;
    for (int64_t i = begin; i < end; i++) {
        block b = block_at(k, i % blocks);
        for (int64_t piece = 0; piece < k->t.pieces; piece++) {
            gnl_conv_tile tile = tile_at(k->g, &k->t, k->rows, i / blocks * k->t.pieces + piece);
            if (piece == 0 && !(is_pointwise(k->g) && tile.samples == 1 && !k->bias))
                init_image(k, &tile, &b);
            scatter_tile(k, worker, &tile, &b);
        }
    }
}

void gnl_conv_scatter(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *map,
                      const gnl_real *weight, const gnl_real *bias, gnl_real *image, gnl_real *scratch)
{
    if (gnl_winograd_scatter(c, g, rows, map, weight, bias, image, scratch) ||
        gnl_direct_scatter(c, g, rows, map, weight, bias, image, scratch))
        return;
    call k = call_of(c, g, rows, is_pointwise(g), scratch);
    if (is_dense(g)) {
        gnl_gemm(c, GNL_AS_IS, GNL_AS_IS, rows, k.z.depth, g->map_channels, 1, map, g->map_channels, weight, k.z.depth,
                 0, image, k.z.depth);
        if (bias)
            gnl_add_bias(c, rows, g->image_channels, k.z.image, bias, image);
        return;
    }
    k.map = map;
    k.weight = weight;
    k.bias = bias;
    k.image_out = image;
    k.blocks = k.t.sample_tiles < TILES_MULTIPLE ? blocks_of(&k.z) : 1;
    gnl_parallel(c->ctx, k.t.sample_tiles * g->groups * k.blocks, 1, scatter_task, &k);
}

/* ---- weight gradient ------------------------------------------------------------------------- */

/* Each task sums the tiles of one part for one block, sequentially. */
static void weight_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const call *k = arg;
    int64_t blocks = k->g->groups * k->blocks;
    for (int64_t i = begin; i < end; i++) {
        int64_t part = i / blocks, last = k->t.count * (part + 1) / k->parts;
        block b = block_at(k, i % blocks);
        gnl_real *out = k->parts > 1 ? k->partial + part * k->z.weights : k->grad;
        out += b.group * k->z.map_channels * k->z.depth + b.channel * k->z.taps;
        for (int64_t index = k->t.count * part / k->parts; index < last; index++) {
            gnl_conv_tile tile = tile_at(k->g, &k->t, k->rows, index);
            matrix cols = lowered(k, worker, &tile, &b), map = map_of(k, worker, &tile, b.group);
            gnl_gemm_one(k->c, worker, GNL_AS_IS, GNL_TRANSPOSED, k->z.map_channels, b.channels * k->z.taps,
                         gnl_conv_tile_size(&tile), 1, map.data, map.ld, cols.data, cols.ld, 1, out, k->z.depth);
        }
    }
}

void gnl_conv_weight(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image, const gnl_real *map,
                     gnl_real *grad, gnl_real *scratch)
{
    if (gnl_winograd_weight(c, g, rows, image, map, grad, scratch) ||
        gnl_direct_weight(c, g, rows, image, map, grad, scratch))
        return;
    call k = call_of(c, g, rows, false, scratch);
    if (is_dense(g)) {
        gnl_gemm(c, GNL_TRANSPOSED, GNL_AS_IS, g->map_channels, k.z.depth, rows, 1, map, g->map_channels, image,
                 k.z.depth, 1, grad, k.z.depth);
        return;
    }
    k.image = image;
    k.map = map;
    k.grad = grad;
    if (k.z.weights <= SMALL_WEIGHT)
        k.parts = GNL_MAX(GNL_MIN(k.t.count, (int64_t)PARTS), 1);
    else
        k.blocks = blocks_of(&k.z);
    k.partial = scratch;
    if (k.parts > 1) {
        k.scratch += aligned(k.parts * k.z.weights);
        memset(k.partial, 0, (size_t)(k.parts * k.z.weights) * sizeof *k.partial);
    }
    gnl_parallel(c->ctx, k.parts * g->groups * k.blocks, 1, weight_task, &k);
    for (int64_t part = 0; k.parts > 1 && part < k.parts; part++)
        c->k->axpy(k.z.weights, 1, k.partial + part * k.z.weights, grad);
}
