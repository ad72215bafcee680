/* SPDX-License-Identifier: MIT */
/*
 * Convolutions of 4 x 4 with stride 2 by transforms, over blocks of columns, one column a tile of one sample: image or
 * map to points; then one matrix product a point, and back, for some channels at a time, which stay in the cache of a core
 * from their weights to their result. Both stages are split over all threads, and blocks follow one another, so that sums
 * have one order.
 */
#include "kernel/conv_priv.h"

enum {
    KERNEL = 4,
    STRIDE = 2,
    PARTS = STRIDE * STRIDE,
    PLACES = KERNEL * KERNEL,
    LEAST_CHANNELS = 16,
    MOST_COLUMNS = 1024,
    TURNING_COLUMNS = 24, /* columns whose products take the time of transforming the weights */
    PIECE = 16,           /* map channels that one task multiplies: their weights at all points stay in the second cache */
    PIECES_MULTIPLE = 4,  /* so that threads finish together */
    GRADIENT_PIECE = 128, /* map channels of one task's gradient */
    APART = 5 * GNL_LANES /* numbers between one point's matrix and the next one's */
};

/* Multiplications that must be saved before the transforms pay. */
static const double WORTH = 0.8;

/* What is computed. */
typedef enum kind { GATHER, SPREAD, WEIGHT, KINDS } kind;

/* Aim of a block's transformed image, and what its columns never fall below. Weights are transformed for every block;
 * their gradient transforms none, but has the map beside the image. */
static const struct {
    int64_t numbers, columns;
} block_size[KINDS] = {[GATHER] = {3 << 18, 128}, [SPREAD] = {3 << 18, 128}, [WEIGHT] = {1 << 19, 64}};

typedef struct job {
    const gnl_compute *c;
    const gnl_conv *g;
    kind what;
    int64_t rows, depth; /* depth: image channels x parts */
    int64_t width;       /* image channels that lie together, part after part, in the depth */
    int points, size;    /* of a tile */
    int64_t tiles[2];
    int64_t sets;                  /* of GNL_LANES samples */
    int64_t most_sets, most_lines; /* of a block: sets of whole samples, or lines of tiles of one set */
    const gnl_real *image, *map, *weight, *bias;
    gnl_real *image_out, *map_out, *grad;
    gnl_real *deep, *flat; /* image and map at the points */
    gnl_real *own;         /* a worker's room for lanes, weights, and its piece of the product */
    int64_t lanes, own_numbers;
    /* the block at hand */
    int64_t set, set_count, line, lines, columns;
} job;

/* ---- whether and how ----------------------------------------------------------------------------------- */

static bool is_possible(const gnl_conv *g)
{
    bool fits = g->groups == 1 && g->image_channels >= LEAST_CHANNELS && g->map_channels >= LEAST_CHANNELS;
    for (int i = 0; i < 2; i++)
        fits = fits && g->kernel[i] == KERNEL && g->stride[i] == STRIDE && g->dilation[i] == 1 &&
               STRIDE * (g->map[i] + 1) - g->padding[i] >= g->image[i];
    return fits;
}

/* Multiplications for each pair of channels. */
static double cost_of(const gnl_conv *g, int64_t rows, int points)
{
    double columns = GNL_LANES * (double)gnl_ceil_div(rows, GNL_LANES);
    for (int i = 0; i < 2; i++)
        columns *= (double)gnl_ceil_div(g->map[i], points - 1);
    return points * points * PARTS * (columns + TURNING_COLUMNS);
}

/* 3, 5, or 0 for the direct way. */
static int points_of(const gnl_conv *g, int64_t rows)
{
    if (!is_possible(g))
        return 0;
    double direct = (double)(KERNEL * KERNEL * g->map[0] * g->map[1] * rows);
    double small = cost_of(g, rows, 3), large = cost_of(g, rows, 5);
    if (GNL_MIN(small, large) > WORTH * direct)
        return 0;
    return small <= large ? 3 : 5;
}

static int64_t aligned(int64_t n)
{
    const int64_t unit = GNL_ALIGN / (int64_t)sizeof(gnl_real);
    return gnl_ceil_div(n, unit) * unit;
}

/* From one point's matrix to the next one's: a transform writes to all of them at once, and with powers of two apart
 * they would compete for the same places of the cache. */
static int64_t plane_of(int64_t rows, int64_t cols)
{
    return aligned(rows * cols) + APART;
}

static void cut(job *j)
{
    int64_t all = j->points * j->points * j->depth, line = j->tiles[1] * GNL_LANES, set = line * j->tiles[0];
    int64_t most = GNL_MIN(GNL_MAX(block_size[j->what].numbers / all, block_size[j->what].columns), MOST_COLUMNS);
    j->most_sets = GNL_MAX(GNL_MIN(most / set, j->sets), 1);
    j->most_lines = set <= most ? j->tiles[0] : GNL_MAX(most / line, 1);
}

static int64_t most_columns(const job *j)
{
    return j->most_sets * j->most_lines * j->tiles[1] * GNL_LANES;
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
    cut(&j);
    j.lanes = (STRIDE * j.size * j.most_lines + STRIDE) * lanes_pitch(&j);
    return j;
}

static int64_t deep_plane(const job *j, int64_t columns)
{
    return plane_of(j->depth, columns);
}

static int64_t flat_plane(const job *j, int64_t columns)
{
    return plane_of(j->g->map_channels, columns);
}

/* Numbers at all points together. */
static int64_t deep_numbers(const job *j)
{
    return j->points * j->points * deep_plane(j, most_columns(j));
}

static int64_t flat_numbers(const job *j)
{
    return j->points * j->points * flat_plane(j, most_columns(j));
}

/* What all workers share: the image, the map, or both. */
static int64_t shared_numbers(const job *j)
{
    return (j->what == SPREAD ? 0 : deep_numbers(j)) + (j->what == GATHER ? 0 : flat_numbers(j));
}

/* A worker's room beside the lanes: of weights, and of what is made with them. */
static int64_t weight_numbers(const job *j)
{
    const int64_t plane[KINDS] = {[GATHER] = plane_of(PIECE, j->depth),
                                  [SPREAD] = plane_of(PARTS * j->width, j->g->map_channels)};
    return j->points * j->points * plane[j->what];
}

static int64_t piece_numbers(const job *j)
{
    const int64_t most = most_columns(j), width = PARTS * j->width;
    const int64_t plane[KINDS] = {[GATHER] = plane_of(PIECE, most),
                                  [SPREAD] = plane_of(width, most),
                                  [WEIGHT] = plane_of(GNL_MIN(j->g->map_channels, GRADIENT_PIECE), width)};
    return j->points * j->points * plane[j->what];
}

static int64_t own_numbers(const job *j)
{
    return j->lanes + weight_numbers(j) + piece_numbers(j);
}

static int64_t scratch_of(const gnl_conv *g, int64_t rows, int points, int threads)
{
    int64_t most = 0;
    for (kind what = 0; what < KINDS; what++) {
        const job j = job_of(g, what, rows, points);
        most = GNL_MAX(most, shared_numbers(&j) + threads * own_numbers(&j));
    }
    return most;
}

/* Fewer rows may be computed with other points. */
int64_t gnl_winograd_scratch(const gnl_conv *g, int64_t rows, int threads)
{
    if (!is_possible(g))
        return 0;
    return GNL_MAX(scratch_of(g, rows, 3, threads), scratch_of(g, rows, 5, threads));
}

static bool start(job *j, kind what, const gnl_compute *c, const gnl_conv *g, int64_t rows, gnl_real *scratch)
{
    int points = points_of(g, rows);
    if (points == 0)
        return false;
    *j = job_of(g, what, rows, points);
    j->c = c;
    j->deep = scratch;
    j->flat = what == SPREAD ? scratch : scratch + deep_numbers(j);
    j->own = scratch + shared_numbers(j);
    j->own_numbers = own_numbers(j);
    return true;
}

static gnl_real *lanes_of(const job *j, int worker)
{
    return j->own + worker * j->own_numbers;
}

/* ---- image and map ------------------------------------------------------------------------------------- */

/* Image channels from `channel` on that lie together. */
static int64_t width_of(const job *j, int64_t channel)
{
    return GNL_MIN(j->width, j->g->image_channels - channel);
}

/* One channel of one set of samples of the block, and its lanes. */
typedef struct piece {
    int64_t channel, set; /* set within the block */
    int64_t row;          /* of the image's matrices, for the first part */
    gnl_lanes lanes;
    gnl_turn turn;
    gnl_real *at;    /* the lanes */
    int64_t inner;   /* from `at` to the plane's first position */
    int64_t plane;   /* the plane's first position in the array of all samples */
    int64_t columns; /* the set's first column */
} piece;

static piece piece_of(const job *j, int worker, int64_t index, int64_t channels, int64_t plane)
{
    piece p = {.channel = index % channels, .set = index / channels};
    int64_t sample = (j->set + p.set) * GNL_LANES;
    p.lanes.samples = GNL_MIN((int64_t)GNL_LANES, j->rows - sample);
    p.lanes.next = channels * plane;
    p.turn = (gnl_turn){.points = j->points, .tiles = {j->lines, j->tiles[1]}};
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
    p.lanes.pitch = p.turn.pitch = lanes_pitch(j);
    p.turn.plane = deep_plane(j, j->columns);
    int64_t within = p.channel % j->width, first_channel = p.channel - within;
    p.turn.part = width_of(j, first_channel) * j->columns;
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
    p.lanes.pitch = p.turn.pitch = j->size * j->tiles[1] * GNL_LANES;
    p.turn.plane = flat_plane(j, j->columns);
    p.plane += first * g->map[1];
    return p;
}

static void image_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t i = begin; i < end; i++) {
        piece p = image_piece(j, worker, i);
        j->c->k->to_lanes(&p.lanes, j->image + p.plane, p.at + p.inner);
        j->c->k->turn[GNL_TURN_IMAGE](&p.turn, p.at, j->deep + p.row * j->columns + p.columns);
    }
}

static void map_back_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t i = begin; i < end; i++) {
        piece p = map_piece(j, worker, i);
        memset(p.at, 0, (size_t)(j->size * j->lines * p.lanes.pitch) * sizeof *p.at);
        j->c->k->to_lanes(&p.lanes, j->map + p.plane, p.at);
        j->c->k->turn[GNL_TURN_MAP_BACK](&p.turn, p.at, j->flat + p.channel * j->columns + p.columns);
    }
}

static void turn_images(job *j)
{
    gnl_parallel(j->c->ctx, j->g->image_channels * j->set_count, 1, image_task, j);
}

static void turn_maps(job *j)
{
    gnl_parallel(j->c->ctx, j->g->map_channels * j->set_count, 1, map_back_task, j);
}

/* ---- products and what they give ------------------------------------------------------------------------ */

static gnl_real *deep_at(const job *j, int64_t point, int64_t row)
{
    return j->deep + point * deep_plane(j, j->columns) + row * j->columns;
}

static gnl_real *flat_at(const job *j, int64_t point, int64_t row)
{
    return j->flat + point * flat_plane(j, j->columns) + row * j->columns;
}

/* Shares of `total` channels: the first of piece i. */
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

/* Weights of some map channels as matrices [count, depth]; returns the step between them. */
static int64_t turn_map_channels(const job *j, int64_t first, int64_t count, gnl_real *to)
{
    gnl_turn t = {.points = j->points, .plane = plane_of(count, j->depth), .next = PLACES};
    for (int64_t m = first; m < first + count; m++, to += j->depth)
        for (int64_t c = 0; c < j->g->image_channels; c += j->width) {
            t.part = t.kernels = width_of(j, c);
            j->c->k->turn[GNL_TURN_WEIGHT](&t, j->weight + (m * j->g->image_channels + c) * PLACES,
                                           to + PARTS * c);
        }
    return t.plane;
}

/* Channels `first` and on of the map, from their matrices. */
static void give_map(const job *j, int worker, int64_t first, int64_t count, const gnl_real *product)
{
    const int64_t channels = j->g->map_channels, plane = plane_of(count, j->columns);
    for (int64_t i = 0; i < count * j->set_count; i++) {
        int64_t row = i % count;
        piece p = map_piece(j, worker, i / count * channels + first + row);
        gnl_real start_at = j->bias ? j->bias[p.channel] : 0;
        p.turn.plane = plane;
        j->c->k->turn[GNL_TURN_MAP](&p.turn, product + row * j->columns + p.columns, p.at);
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
        int64_t plane = turn_map_channels(j, first, count, weight), step = plane_of(count, j->columns);
        for (int64_t p = 0; p < j->points * j->points; p++)
            gnl_gemm_one(j->c, worker, GNL_AS_IS, GNL_AS_IS, count, j->columns, j->depth, 1, weight + p * plane,
                         j->depth, deep_at(j, p, 0), j->columns, 0, product + p * step, j->columns);
        give_map(j, worker, first, count, product);
    }
}

/* Weights of some image channels as matrices [parts x count, map channels]. */
static int64_t turn_image_channels(const job *j, int64_t first, int64_t count, gnl_real *to)
{
    const gnl_conv *g = j->g;
    gnl_turn t = {.points = j->points,
                  .plane = plane_of(PARTS * count, g->map_channels),
                  .part = count * g->map_channels,
                  .kernels = g->map_channels,
                  .next = g->image_channels * PLACES};
    for (int64_t c = 0; c < count; c++)
        j->c->k->turn[GNL_TURN_WEIGHT](&t, j->weight + (first + c) * PLACES, to + c * g->map_channels);
    return t.plane;
}

/* A channel of the image; what the block above has already begun is added to. */
static void give_lines(const job *j, piece *p)
{
    gnl_real first = j->bias ? j->bias[p->channel] : 0, *out = j->image_out + p->plane;
    int64_t all = p->lanes.height, shared = j->line > 0 ? GNL_MIN(STRIDE, all) : 0;
    p->lanes.height = shared;
    j->c->k->from_lanes(&p->lanes, p->at + p->inner, 0, GNL_ADD, out);
    p->lanes.height = all - shared;
    j->c->k->from_lanes(&p->lanes, p->at + p->inner + shared * p->lanes.pitch, first, GNL_SET,
                        out + shared * p->lanes.width);
}

static void give_image(const job *j, int worker, int64_t first, int64_t count, const gnl_real *product)
{
    const int64_t channels = j->g->image_channels, plane = plane_of(PARTS * count, j->columns);
    for (int64_t i = 0; i < count * j->set_count; i++) {
        int64_t row = i % count;
        piece p = image_piece(j, worker, i / count * channels + first + row);
        p.turn.plane = plane;
        j->c->k->turn[GNL_TURN_IMAGE_BACK](&p.turn, product + row * j->columns + p.columns, p.at);
        give_lines(j, &p);
    }
}

static void spread_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    gnl_real *weight = lanes_of(j, worker) + j->lanes, *product = weight + weight_numbers(j);
    for (int64_t i = begin; i < end; i++) {
        int64_t first = i * j->width, count = width_of(j, first), rows = PARTS * count;
        int64_t plane = turn_image_channels(j, first, count, weight), step = plane_of(rows, j->columns);
        for (int64_t p = 0; p < j->points * j->points; p++)
            gnl_gemm_one(j->c, worker, GNL_AS_IS, GNL_AS_IS, rows, j->columns, j->g->map_channels, 1, weight + p * plane,
                         j->g->map_channels, flat_at(j, p, 0), j->columns, 0, product + p * step, j->columns);
        give_image(j, worker, first, count, product);
    }
}

static int64_t gradient_pieces(const job *j)
{
    return gnl_ceil_div(j->g->map_channels, GRADIENT_PIECE);
}

/* Of image channels and map channels from the first ones on. */
static void add_gradient(const job *j, int worker, int64_t channel, int64_t first, int64_t past)
{
    const int64_t count = width_of(j, channel), cols = PARTS * count;
    const gnl_turn t = {.points = j->points,
                        .plane = plane_of(past - first, cols),
                        .part = count,
                        .kernels = count,
                        .next = PLACES};
    gnl_real *product = lanes_of(j, worker) + j->lanes;
    for (int64_t p = 0; p < j->points * j->points; p++)
        gnl_gemm_one(j->c, worker, GNL_AS_IS, GNL_TRANSPOSED, past - first, cols, j->columns, 1, flat_at(j, p, first), j->columns,
                     deep_at(j, p, PARTS * channel), j->columns, 0, product + p * t.plane, cols);
    for (int64_t m = first; m < past; m++)
        j->c->k->turn[GNL_TURN_WEIGHT_BACK](&t, product + (m - first) * cols,
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

/* The next block; false after the last one. At first set_count is 0. */
static bool next_block(job *j)
{
    bool begun = j->set_count > 0;
    if (begun)
        j->line += j->lines;
    if (begun && j->line >= j->tiles[0]) {
        j->line = 0;
        j->set += j->set_count;
    }
    j->set_count = GNL_MIN(j->most_sets, j->sets - j->set);
    j->lines = GNL_MIN(j->most_lines, j->tiles[0] - j->line);
    j->columns = j->set_count * j->lines * j->tiles[1] * GNL_LANES;
    return j->set_count > 0;
}

bool gnl_winograd_gather(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                         const gnl_real *weight, const gnl_real *bias, gnl_real *map, gnl_real *scratch)
{
    job j;
    if (!start(&j, GATHER, c, g, rows, scratch))
        return false;
    j.image = image;
    j.map_out = map;
    j.bias = bias;
    j.weight = weight;
    while (next_block(&j)) {
        turn_images(&j);
        gnl_parallel(c->ctx, map_pieces(&j), 1, gather_task, &j);
    }
    return true;
}

bool gnl_winograd_spread(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *map,
                         const gnl_real *weight, const gnl_real *bias, gnl_real *image, gnl_real *scratch)
{
    job j;
    if (!start(&j, SPREAD, c, g, rows, scratch))
        return false;
    j.map = map;
    j.image_out = image;
    j.bias = bias;
    j.weight = weight;
    while (next_block(&j)) {
        turn_maps(&j);
        gnl_parallel(c->ctx, image_pieces(&j), 1, spread_task, &j);
    }
    return true;
}

bool gnl_winograd_weight(const gnl_compute *c, const gnl_conv *g, int64_t rows, const gnl_real *image,
                         const gnl_real *map, gnl_real *grad, gnl_real *scratch)
{
    job j;
    if (!start(&j, WEIGHT, c, g, rows, scratch))
        return false;
    j.image = image;
    j.map = map;
    j.grad = grad;
    while (next_block(&j)) {
        turn_images(&j);
        turn_maps(&j);
        gnl_parallel(c->ctx, image_pieces(&j) * gradient_pieces(&j), 1, gradient_task, &j);
    }
    return true;
}
