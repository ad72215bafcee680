/* SPDX-License-Identifier: MIT */
/*
 * 4 x 4 convolutions with stride 2 by Winograd's transforms, processed in blocks of columns. A column is one tile of
 * one sample. For each block, the image or map is transformed to points, each point takes one matrix product, and the
 * products are transformed back. The last two steps process a few channels at a time, which stay in the cache of a
 * core from weights to result. All steps run on all threads. Blocks are processed one after another, so the order of
 * summation is fixed.
 */
#include "kernel/conv_priv.h"

enum {
    KERNEL = 4,
    STRIDE = 2,
    PARTS = STRIDE * STRIDE,
    PLACES = KERNEL * KERNEL,
    MIN_CHANNELS = 16,
    MAX_COLUMNS = 1024,
    TRANSFORM_COLUMNS = 24,   /* number of columns whose products take as long as transforming the weights */
    PIECE = 16,               /* map channels per task: their weights at all points fit in the second-level cache */
    PIECES_MULTIPLE = 4,      /* the number of pieces is a multiple, so that threads finish together */
    GRADIENT_PIECE = 128,     /* map channels per task of the weight gradient */
    POINT_GAP = 5 * GNL_LANES /* gap, in numbers, between the matrices of consecutive points */
};

/* Transforms are used if their cost is at most this part of the direct cost. */
static const double MAX_COST_RATIO = 0.8;

/* The operation to compute. */
typedef enum kind { GATHER, SCATTER, WEIGHT, KINDS } kind;

/* Target size of the transformed image of a block, in numbers, and its minimum number of columns. GATHER and SCATTER
 * transform the weights for every block. WEIGHT does not, but holds the map in addition to the image. */
static const struct {
    int64_t numbers, columns;
} block_size[KINDS] = {[GATHER] = {3 << 18, 128}, [SCATTER] = {3 << 18, 128}, [WEIGHT] = {1 << 19, 64}};

typedef struct job {
    const gnl_compute *c;
    const gnl_conv *g;
    kind what;
    int64_t rows, depth; /* depth: image channels x parts */
    int64_t width;       /* number of image channels that are adjacent, part by part, in the depth */
    int points, size;    /* of a tile */
    int64_t tiles[2];
    int64_t sets;                /* number of sets of GNL_LANES samples */
    int64_t max_sets, max_lines; /* block size: sets of whole samples, or lines of tiles of one set */
    const gnl_real *image, *map, *weight, *bias;
    gnl_real *image_out, *map_out, *grad;
    gnl_real *image_points, *map_points; /* image and map at the points */
    gnl_real *worker_scratch;            /* a worker's scratch: lanes, weights and its part of the product */
    int64_t lanes, worker_numbers;
    /* the current block */
    int64_t set, set_count, line, lines, columns;
} job;

/* ---- choice of algorithm and sizes ------------------------------------------------------------------------- */

static bool is_possible(const gnl_conv *g)
{
    bool fits = g->groups == 1 && g->image_channels >= MIN_CHANNELS && g->map_channels >= MIN_CHANNELS;
    for (int i = 0; i < 2; i++)
        fits = fits && g->kernel[i] == KERNEL && g->stride[i] == STRIDE && g->dilation[i] == 1 &&
               STRIDE * (g->map[i] + 1) - g->padding[i] >= g->image[i];
    return fits;
}

/* Returns the number of multiplications per pair of channels. */
static double cost_of(const gnl_conv *g, int64_t rows, int points)
{
    double columns = GNL_LANES * (double)gnl_ceil_div(rows, GNL_LANES);
    for (int i = 0; i < 2; i++)
        columns *= (double)gnl_ceil_div(g->map[i], points - 1);
    return points * points * PARTS * (columns + TRANSFORM_COLUMNS);
}

/* Returns the number of points, 3 or 5, or 0 for direct convolution. */
static int points_of(const gnl_conv *g, int64_t rows)
{
    if (!is_possible(g))
        return 0;
    double direct = (double)(KERNEL * KERNEL * g->map[0] * g->map[1] * rows);
    double small = cost_of(g, rows, 3), large = cost_of(g, rows, 5);
    if (GNL_MIN(small, large) > MAX_COST_RATIO * direct)
        return 0;
    return small <= large ? 3 : 5;
}

static int64_t aligned(int64_t n)
{
    const int64_t unit = GNL_ALIGN / (int64_t)sizeof(gnl_real);
    return gnl_ceil_div(n, unit) * unit;
}

/* Returns the distance between the matrices of consecutive points. A transform writes to all of them at once. With a
 * distance that is a power of two they would compete for the same cache lines. */
static int64_t plane_of(int64_t rows, int64_t cols)
{
    return aligned(rows * cols) + POINT_GAP;
}

static void set_block_size(job *j)
{
    int64_t all = j->points * j->points * j->depth, line = j->tiles[1] * GNL_LANES, set = line * j->tiles[0];
    int64_t most = GNL_MIN(GNL_MAX(block_size[j->what].numbers / all, block_size[j->what].columns), MAX_COLUMNS);
    j->max_sets = GNL_MAX(GNL_MIN(most / set, j->sets), 1);
    j->max_lines = set <= most ? j->tiles[0] : GNL_MAX(most / line, 1);
}

static int64_t max_columns(const job *j)
{
    return j->max_sets * j->max_lines * j->tiles[1] * GNL_LANES;
}

static int64_t lanes_pitch(const job *j)
{
    return (STRIDE * j->size * j->tiles[1] + STRIDE) * GNL_LANES;
}

static job job_of(const gnl_conv *g, kind what, int64_t rows, int points)
{
    job j = {.g = g, .what = what, .rows = rows, .points = points, .size = points - 1};
    j.depth = g->image_channels * PARTS;
    for (int i = 0; i < 2; i++)
        j.tiles[i] = gnl_ceil_div(g->map[i], j.size);
    j.width = g->image_channels < PIECES_MULTIPLE * GNL_LANES ? GNL_LANES / 2 : GNL_LANES;
    j.sets = gnl_ceil_div(rows, GNL_LANES);
    set_block_size(&j);
    j.lanes = (STRIDE * j.size * j.max_lines + STRIDE) * lanes_pitch(&j);
    return j;
}

static int64_t image_points_plane(const job *j, int64_t columns)
{
    return plane_of(j->depth, columns);
}

static int64_t map_points_plane(const job *j, int64_t columns)
{
    return plane_of(j->g->map_channels, columns);
}

/* Sizes of the image and the map at all points, in numbers. */
static int64_t image_points_numbers(const job *j)
{
    return j->points * j->points * image_points_plane(j, max_columns(j));
}

static int64_t map_points_numbers(const job *j)
{
    return j->points * j->points * map_points_plane(j, max_columns(j));
}

/* Returns the size of the scratch that all workers share: image, map or both, at the points. */
static int64_t shared_numbers(const job *j)
{
    return (j->what == SCATTER ? 0 : image_points_numbers(j)) + (j->what == GATHER ? 0 : map_points_numbers(j));
}

/* Sizes of a worker's scratch other than the lanes: weights, and the products computed with them. */
static int64_t weight_numbers(const job *j)
{
    const int64_t plane[KINDS] = {
        [GATHER] = plane_of(PIECE, j->depth), [SCATTER] = plane_of(PARTS * j->width, j->g->map_channels)};
    return j->points * j->points * plane[j->what];
}

static int64_t piece_numbers(const job *j)
{
    const int64_t most = max_columns(j), width = PARTS * j->width;
    const int64_t plane[KINDS] = {[GATHER] = plane_of(PIECE, most),
                                  [SCATTER] = plane_of(width, most),
                                  [WEIGHT] = plane_of(GNL_MIN(j->g->map_channels, GRADIENT_PIECE), width)};
    return j->points * j->points * plane[j->what];
}

static int64_t worker_numbers(const job *j)
{
    return j->lanes + weight_numbers(j) + piece_numbers(j);
}

static int64_t scratch_of(const gnl_conv *g, int64_t rows, int points, int threads)
{
    int64_t most = 0;
    for (kind what = 0; what < KINDS; what++) {
        const job j = job_of(g, what, rows, points);
        most = GNL_MAX(most, shared_numbers(&j) + threads * worker_numbers(&j));
    }
    return most;
}

/* Fewer rows may use a different number of points, so takes the maximum of both. */
int64_t gnl_winograd_scratch(const gnl_conv *g, int64_t rows, int threads)
{
    if (!is_possible(g))
        return 0;
    return GNL_MAX(scratch_of(g, rows, 3, threads), scratch_of(g, rows, 5, threads));
}

static bool init_job(job *j, kind what, const gnl_compute *c, const gnl_conv *g, int64_t rows, gnl_real *scratch)
{
    int points = points_of(g, rows);
    if (points == 0)
        return false;
    *j = job_of(g, what, rows, points);
    j->c = c;
    j->image_points = scratch;
    j->map_points = what == SCATTER ? scratch : scratch + image_points_numbers(j);
    j->worker_scratch = scratch + shared_numbers(j);
    j->worker_numbers = worker_numbers(j);
    return true;
}

static gnl_real *lanes_of(const job *j, int worker)
{
    return j->worker_scratch + worker * j->worker_numbers;
}

/* ---- image and map ------------------------------------------------------------------------------------- */

/* Returns the number of adjacent image channels, starting at `channel`. */
static int64_t width_of(const job *j, int64_t channel)
{
    return GNL_MIN(j->width, j->g->image_channels - channel);
}

/* One channel of one set of samples of the block, and its lanes. */
typedef struct piece {
    int64_t channel, set; /* set within the block */
    int64_t row;          /* row in the image's matrices, for the first part */
    gnl_lanes lanes;
    gnl_transform transform;
    gnl_real *at;    /* the lanes */
    int64_t inner;   /* distance from `at` to the first position of the plane */
    int64_t plane;   /* index of the plane's first position in the array of all samples */
    int64_t columns; /* first column of the set */
} piece;

static piece piece_of(const job *j, int worker, int64_t index, int64_t channels, int64_t plane)
{
    piece p = {.channel = index % channels, .set = index / channels};
    int64_t sample = (j->set + p.set) * GNL_LANES;
    p.lanes.samples = GNL_MIN((int64_t)GNL_LANES, j->rows - sample);
    p.lanes.next = channels * plane;
    p.transform = (gnl_transform){.points = j->points, .tiles = {j->lines, j->tiles[1]}};
    p.at = lanes_of(j, worker);
    p.columns = p.set * j->lines * j->tiles[1] * GNL_LANES;
    p.plane = (sample * channels + p.channel) * plane;
    return p;
}

static piece image_piece(const job *j, int worker, int64_t index)
{
    const gnl_conv *g = j->g;
    piece p = piece_of(j, worker, index, g->image_channels, g->image[0] * g->image[1]);
    int64_t top = STRIDE * j->size * j->line - g->padding[0], lines = STRIDE * (j->size * j->lines + 1);
    int64_t first = GNL_MAX(top, 0), past = GNL_MIN(top + lines, g->image[0]);
    p.lanes.height = GNL_MAX(past - first, 0);
    p.lanes.width = g->image[1];
    p.lanes.pitch = p.transform.pitch = lanes_pitch(j);
    p.transform.plane = image_points_plane(j, j->columns);
    int64_t within = p.channel % j->width, first_channel = p.channel - within;
    p.transform.part = width_of(j, first_channel) * j->columns;
    p.row = PARTS * first_channel + within;
    p.inner = (first - top) * p.lanes.pitch + g->padding[1] * GNL_LANES;
    p.plane += first * g->image[1];
    memset(p.at, 0, (size_t)(lines * p.lanes.pitch) * sizeof *p.at);
    return p;
}

static piece map_piece(const job *j, int worker, int64_t index)
{
    const gnl_conv *g = j->g;
    piece p = piece_of(j, worker, index, g->map_channels, g->map[0] * g->map[1]);
    int64_t first = j->size * j->line;
    p.lanes.height = GNL_MIN(j->size * j->lines, g->map[0] - first);
    p.lanes.width = g->map[1];
    p.lanes.pitch = p.transform.pitch = j->size * j->tiles[1] * GNL_LANES;
    p.transform.plane = map_points_plane(j, j->columns);
    p.plane += first * g->map[1];
    return p;
}

static void image_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t i = begin; i < end; i++) {
        piece p = image_piece(j, worker, i);
        j->c->k->to_lanes(&p.lanes, j->image + p.plane, p.at + p.inner);
        j->c->k->transform[GNL_TRANSFORM_IMAGE](&p.transform, p.at, j->image_points + p.row * j->columns + p.columns);
    }
}

static void map_back_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t i = begin; i < end; i++) {
        piece p = map_piece(j, worker, i);
        memset(p.at, 0, (size_t)(j->size * j->lines * p.lanes.pitch) * sizeof *p.at);
        j->c->k->to_lanes(&p.lanes, j->map + p.plane, p.at);
        j->c->k->transform[GNL_TRANSFORM_MAP_BACK](&p.transform, p.at,
                                                   j->map_points + p.channel * j->columns + p.columns);
    }
}

static void transform_images(job *j)
{
    gnl_parallel(j->c->ctx, j->g->image_channels * j->set_count, 1, image_task, j);
}

static void transform_maps(job *j)
{
    gnl_parallel(j->c->ctx, j->g->map_channels * j->set_count, 1, map_back_task, j);
}

/* ---- products and results ---------------------------------------------------------------------------------- */

static gnl_real *image_points_at(const job *j, int64_t point, int64_t row)
{
    return j->image_points + point * image_points_plane(j, j->columns) + row * j->columns;
}

static gnl_real *map_points_at(const job *j, int64_t point, int64_t row)
{
    return j->map_points + point * map_points_plane(j, j->columns) + row * j->columns;
}

/* Divides `total` channels into pieces. Returns the first channel of piece i. */
static int64_t first_of(int64_t total, int64_t pieces, int64_t i)
{
    return total * i / pieces;
}

static int64_t map_pieces(const job *j)
{
    int64_t pieces = gnl_ceil_div(j->g->map_channels, PIECE);
    return gnl_ceil_div(pieces, PIECES_MULTIPLE) * PIECES_MULTIPLE;
}

static int64_t image_pieces(const job *j)
{
    return gnl_ceil_div(j->g->image_channels, j->width);
}

/* Transforms the weights of some map channels to matrices [count, depth]. Returns the distance between the matrices. */
static int64_t transform_map_weights(const job *j, int64_t first, int64_t count, gnl_real *to)
{
    gnl_transform t = {.points = j->points, .plane = plane_of(count, j->depth), .next = PLACES};
    for (int64_t m = first; m < first + count; m++, to += j->depth)
        for (int64_t c = 0; c < j->g->image_channels; c += j->width) {
            t.part = t.kernels = width_of(j, c);
            j->c->k->transform[GNL_TRANSFORM_WEIGHT](&t, j->weight + (m * j->g->image_channels + c) * PLACES,
                                                     to + PARTS * c);
        }
    return t.plane;
}

/* Transforms the products of map channels first, first + 1, ... back and stores them. */
static void store_map(const job *j, int worker, int64_t first, int64_t count, const gnl_real *product)
{
    const int64_t channels = j->g->map_channels, plane = plane_of(count, j->columns);
    for (int64_t i = 0; i < count * j->set_count; i++) {
        int64_t row = i % count;
        piece p = map_piece(j, worker, i / count * channels + first + row);
        gnl_real start_at = j->bias ? j->bias[p.channel] : 0;
        p.transform.plane = plane;
        j->c->k->transform[GNL_TRANSFORM_MAP](&p.transform, product + row * j->columns + p.columns, p.at);
        j->c->k->from_lanes(&p.lanes, p.at, start_at, GNL_SET, j->map_out + p.plane);
    }
}

static void gather_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    gnl_real *weight = lanes_of(j, worker) + j->lanes, *product = weight + weight_numbers(j);
    for (int64_t i = begin; i < end; i++) {
        int64_t first = first_of(j->g->map_channels, map_pieces(j), i);
        int64_t count = first_of(j->g->map_channels, map_pieces(j), i + 1) - first;
        int64_t plane = transform_map_weights(j, first, count, weight), step = plane_of(count, j->columns);
        for (int64_t p = 0; p < j->points * j->points; p++)
            gnl_gemm_one(j->c, worker, GNL_AS_IS, GNL_AS_IS, count, j->columns, j->depth, 1, weight + p * plane,
                         j->depth, image_points_at(j, p, 0), j->columns, 0, product + p * step, j->columns);
        store_map(j, worker, first, count, product);
    }
}

/* Transforms the weights of some image channels to matrices [parts x count, map channels]. */
static int64_t transform_image_weights(const job *j, int64_t first, int64_t count, gnl_real *to)
{
    const gnl_conv *g = j->g;
    gnl_transform t = {.points = j->points,
                       .plane = plane_of(PARTS * count, g->map_channels),
                       .part = count * g->map_channels,
                       .kernels = g->map_channels,
                       .next = g->image_channels * PLACES};
    for (int64_t c = 0; c < count; c++)
        j->c->k->transform[GNL_TRANSFORM_WEIGHT](&t, j->weight + (first + c) * PLACES, to + c * g->map_channels);
    return t.plane;
}

/* Stores the lines of a channel of the image. Lines that overlap the previous block are added to its result. */
static void store_lines(const job *j, piece *p)
{
    gnl_real first = j->bias ? j->bias[p->channel] : 0, *out = j->image_out + p->plane;
    int64_t all = p->lanes.height, shared = j->line > 0 ? GNL_MIN(STRIDE, all) : 0;
    p->lanes.height = shared;
    j->c->k->from_lanes(&p->lanes, p->at + p->inner, 0, GNL_ADD, out);
    p->lanes.height = all - shared;
    j->c->k->from_lanes(&p->lanes, p->at + p->inner + shared * p->lanes.pitch, first, GNL_SET,
                        out + shared * p->lanes.width);
}

static void store_image(const job *j, int worker, int64_t first, int64_t count, const gnl_real *product)
{
    const int64_t channels = j->g->image_channels, plane = plane_of(PARTS * count, j->columns);
    for (int64_t i = 0; i < count * j->set_count; i++) {
        int64_t row = i % count;
        piece p = image_piece(j, worker, i / count * channels + first + row);
        p.transform.plane = plane;
        j->c->k->transform[GNL_TRANSFORM_IMAGE_BACK](&p.transform, product + row * j->columns + p.columns, p.at);
        store_lines(j, &p);
    }
}

static void scatter_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    gnl_real *weight = lanes_of(j, worker) + j->lanes, *product = weight + weight_numbers(j);
    for (int64_t i = begin; i < end; i++) {
        int64_t first = i * j->width, count = width_of(j, first), rows = PARTS * count;
        int64_t plane = transform_image_weights(j, first, count, weight), step = plane_of(rows, j->columns);
        for (int64_t p = 0; p < j->points * j->points; p++)
            gnl_gemm_one(j->c, worker, GNL_AS_IS, GNL_AS_IS, rows, j->columns, j->g->map_channels, 1,
                         weight + p * plane, j->g->map_channels, map_points_at(j, p, 0), j->columns, 0,
                         product + p * step, j->columns);
        store_image(j, worker, first, count, product);
    }
}

static int64_t gradient_pieces(const job *j)
{
    return gnl_ceil_div(j->g->map_channels, GRADIENT_PIECE);
}

/* Computes the gradient for some image channels, starting at `channel`, and the map channels first .. past - 1. */
static void add_gradient(const job *j, int worker, int64_t channel, int64_t first, int64_t past)
{
    const int64_t count = width_of(j, channel), cols = PARTS * count;
    const gnl_transform t = {
        .points = j->points, .plane = plane_of(past - first, cols), .part = count, .kernels = count, .next = PLACES};
    gnl_real *product = lanes_of(j, worker) + j->lanes;
    for (int64_t p = 0; p < j->points * j->points; p++)
        gnl_gemm_one(j->c, worker, GNL_AS_IS, GNL_TRANSPOSED, past - first, cols, j->columns, 1,
                     map_points_at(j, p, first), j->columns, image_points_at(j, p, PARTS * channel), j->columns, 0,
                     product + p * t.plane, cols);
    for (int64_t m = first; m < past; m++)
        j->c->k->transform[GNL_TRANSFORM_WEIGHT_BACK](&t, product + (m - first) * cols,
                                                      j->grad + (m * j->g->image_channels + channel) * PLACES);
}

static void gradient_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    const int64_t pieces = gradient_pieces(j), channels = j->g->map_channels;
    for (int64_t i = begin; i < end; i++)
        add_gradient(j, worker, i / pieces * j->width, first_of(channels, pieces, i % pieces),
                     first_of(channels, pieces, i % pieces + 1));
}

/* ---- blocks -------------------------------------------------------------------------------------------- */

/* Advances to the next block. Returns false after the last one. set_count is 0 before the first call. */
static bool next_block(job *j)
{
    bool begun = j->set_count > 0;
    if (begun)
        j->line += j->lines;
    if (begun && j->line >= j->tiles[0]) {
        j->line = 0;
        j->set += j->set_count;
    }
    j->set_count = GNL_MIN(j->max_sets, j->sets - j->set);
    j->lines = GNL_MIN(j->max_lines, j->tiles[0] - j->line);
    j->columns = j->set_count * j->lines * j->tiles[1] * GNL_LANES;
    return j->set_count > 0;
}

bool gnl_winograd_gather(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                         const gnl_real *weight, const gnl_real *bias, gnl_real *map, gnl_real *scratch)
{
    job j;
    if (!init_job(&j, GATHER, c, g, rows, scratch))
        return false;
    j.image = image;
    j.map_out = map;
    j.bias = bias;
    j.weight = weight;
    while (next_block(&j)) {
        transform_images(&j);
        gnl_parallel(c->ctx, map_pieces(&j), 1, gather_task, &j);
    }
    return true;
}

bool gnl_winograd_scatter(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *map,
                          const gnl_real *weight, const gnl_real *bias, gnl_real *image, gnl_real *scratch)
{
    job j;
    if (!init_job(&j, SCATTER, c, g, rows, scratch))
        return false;
    j.map = map;
    j.image_out = image;
    j.bias = bias;
    j.weight = weight;
    while (next_block(&j)) {
        transform_maps(&j);
        gnl_parallel(c->ctx, image_pieces(&j), 1, scatter_task, &j);
    }
    return true;
}

bool gnl_winograd_weight(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                         const gnl_real *map, gnl_real *grad, gnl_real *scratch)
{
    job j;
    if (!init_job(&j, WEIGHT, c, g, rows, scratch))
        return false;
    j.image = image;
    j.map = map;
    j.grad = grad;
    while (next_block(&j)) {
        transform_images(&j);
        transform_maps(&j);
        gnl_parallel(c->ctx, image_pieces(&j) * gradient_pieces(&j), 1, gradient_task, &j);
    }
    return true;
}
