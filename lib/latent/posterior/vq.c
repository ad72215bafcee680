/* SPDX-License-Identifier: MIT */
/*
 * Vector quantization (van den Oord, Vinyals and Kavukcuoglu, Neural discrete representation learning, 2017): each
 * vector of the encoder's output is replaced by the nearest code of a code book, whose codes are running averages of
 * the vectors assigned to them (appendix A.1). The gradient passes straight through. Further books quantize what
 * remains: residual vector quantization (Zeghidour and others, SoundStream, 2021). See docs/derivations/vq.md.
 */
#include <math.h>

#include "latent/latent_priv.h"

typedef struct vq_opts {
    size_t size;
    int64_t codes, width, books;
    double commitment, decay, smoothing, revive;
} vq_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(vq_opts, codes, 512, 2, 65536, "number of codes of a book"),
    GNL_OPT_INT(vq_opts, width, 0, 0, 65536,
                "numbers of a code: the channels of a latent map; 0: all latent dimensions are one code"),
    GNL_OPT_INT(vq_opts, books, 1, 1, 64, "number of books, each of which quantizes what remains of those before it"),
    GNL_OPT_REAL(vq_opts, commitment, 0.25, 0, 1e6,
                 "weight of the squared distance from the encoder's output to codes"),
    GNL_OPT_REAL(vq_opts, decay, 0.99, 0, 1,
                 "decay of the running averages that are the codes; lower in the first steps"),
    GNL_OPT_REAL(vq_opts, smoothing, 1e-5, 0, 1, "added to the usage of each code (Laplace smoothing)"),
    GNL_OPT_REAL(vq_opts, revive, 0.1, 0, 1,
                 "a code used less than this fraction of the mean usage is replaced by a vector of the batch"),
};
static const gnl_options_table table = {"vq", sizeof(vq_opts), options, GNL_COUNT(options)};

enum { CODE, COUNT, SUM, STEPS, NUMBERS }; /* tensors */
enum { KMEANS_STEPS = 10, CHUNK = 256 };

static int64_t width_of(const vq_opts *o, int64_t dims)
{
    return o->width ? o->width : dims;
}

static genlat_status check(const void *opts, int64_t dims)
{
    const int64_t width = width_of(opts, dims);
    return dims % width == 0
               ? GENLAT_OK
               : gnl_fail(GENLAT_E_INVALID, "vq: there are %lld latent dimensions, a multiple of width=%lld expected",
                          (long long)dims, (long long)width);
}

static gnl_codes codes(const void *opts, int64_t dims)
{
    const vq_opts *o = opts;
    return (gnl_codes){dims / width_of(o, dims) * o->books, o->codes};
}

static int params(const void *opts, int64_t dims, const gnl_shape *data, gnl_param *param)
{
    (void)data;
    const vq_opts *o = opts;
    const gnl_shape book = {3, {o->books, o->codes, width_of(o, dims)}};
    param[CODE] = (gnl_param){.name = "code", .shape = book, .init = {GNL_INIT_NORMAL, 1, 1, 1}, .state = true};
    param[COUNT] = (gnl_param){
        .name = "count", .shape = {2, {o->books, o->codes}}, .init = {GNL_INIT_CONSTANT, 0, 1, 1}, .state = true};
    param[SUM] = (gnl_param){.name = "sum", .shape = book, .init = {GNL_INIT_CONSTANT, 0, 1, 1}, .state = true};
    param[STEPS] = (gnl_param){.name = "steps", .shape = {1, {1}}, .init = {GNL_INIT_CONSTANT, 0, 1, 1}, .state = true};
    return NUMBERS;
}

static int heads(const void *opts, int64_t dims, gnl_head head[GNL_MAX_HEADS])
{
    head[0] = (gnl_head){"code", dims, 0};
    return 1;
}

/* ---- workspace ------------------------------------------------------------------------------- */

/* The sizes of a posterior and its batch. A batch has rows * positions vectors. */
typedef struct sizes {
    int64_t books, codes, width, positions, vectors;
} sizes;

static sizes sizes_of(const gnl_kind *kind, int64_t rows)
{
    const vq_opts *o = gnl_kind_opts(kind);
    const int64_t width = width_of(o, kind->dims), positions = kind->dims / width;
    return (sizes){o->books, o->codes, width, positions, rows * positions};
}

typedef struct work {
    gnl_real *rest;    /* [books+1,vectors,width] what remains of the vectors before each book, and after the last */
    int32_t *index;    /* [books,vectors] nearest codes */
    gnl_real *norm;    /* [codes] half of the squared length of each code of a book */
    gnl_real *product; /* [CHUNK,codes] products of vectors and codes */
    double *sum;       /* [codes,width] sums of vectors, for updates of a book */
    double *count;     /* [codes] numbers of vectors */
} work;

static genlat_status work_new(const gnl_kind *kind, const gnl_latents *latents, const gnl_latent_env *env, void **out)
{
    const sizes n = sizes_of(kind, env->rows);
    const size_t rest = (size_t)((n.books + 1) * n.vectors * n.width), index = (size_t)(n.books * n.vectors);
    const size_t codes = (size_t)n.codes, sums = env->training ? codes * (size_t)(n.width + 1) : 0;
    work *w = gnl_alloc(env->ctx, 1,
                        sizeof *w + sums * sizeof(double) + (rest + codes * (1 + CHUNK)) * sizeof(gnl_real) +
                            index * sizeof(int32_t));
    if (!w)
        return GENLAT_E_MEMORY;
    w->sum = (double *)(void *)(w + 1);
    w->count = w->sum + (sums ? codes * (size_t)n.width : 0);
    w->rest = (gnl_real *)(void *)(w->sum + sums);
    w->norm = w->rest + rest;
    w->product = w->norm + codes;
    w->index = (int32_t *)(void *)(w->product + codes * CHUNK);
    *out = w;
    return GENLAT_OK;
}

/* ---- nearest codes --------------------------------------------------------------------------- */

static const gnl_real *book_of(const gnl_kind *kind, const sizes *n, int64_t book)
{
    return gnl_numbers_data(&kind->numbers, CODE) + book * n->codes * n->width;
}

typedef struct job {
    const sizes *n;
    const work *w;
    const gnl_real *from, *code;
    gnl_real *to;
    int32_t *index;
} job;

/* Chooses the code with the largest product minus half of its squared length, which is the nearest one; the first of
 * equals. Stores what remains of the vectors in `to`, unless it is NULL. */
static void nearest_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const job *j = arg;
    for (int64_t v = begin; v < end; v++) {
        const gnl_real *product = j->w->product + v * j->n->codes;
        int32_t best = 0;
        for (int32_t k = 1; k < j->n->codes; k++)
            if (product[k] - j->w->norm[k] > product[best] - j->w->norm[best])
                best = k;
        j->index[v] = best;
        for (int64_t d = 0; j->to && d < j->n->width; d++)
            j->to[v * j->n->width + d] = j->from[v * j->n->width + d] - j->code[best * j->n->width + d];
    }
}

/* Assigns the vectors before a book to its codes. Stores what remains of them, if `store` is set. */
static void assign(const gnl_kind *kind, const gnl_code *c, const sizes *n, int64_t book, bool store)
{
    const work *w = gnl_kind_work(kind, c);
    const gnl_real *code = book_of(kind, n, book);
    for (int64_t k = 0; k < n->codes; k++)
        w->norm[k] = (gnl_real)(c->compute.k->dot(n->width, code + k * n->width, code + k * n->width) / 2);
    for (int64_t first = 0; first < n->vectors; first += CHUNK) {
        const int64_t count = GNL_MIN((int64_t)CHUNK, n->vectors - first), at = book * n->vectors + first;
        const gnl_real *from = w->rest + at * n->width;
        job j = {n, w, from, code, store ? w->rest + (at + n->vectors) * n->width : NULL, w->index + at};
        gnl_gemm(&c->compute, GNL_AS_IS, GNL_TRANSPOSED, count, n->codes, n->width, 1, from, n->width, code, n->width,
                 0, w->product, n->codes);
        gnl_parallel(c->compute.ctx, count, gnl_latent_grain(n->codes), nearest_task, &j);
    }
}

/* Copies the encoder's output, in which the elements of a vector are `positions` apart, to vectors. */
static void read_vectors(const gnl_code *c, const sizes *n, gnl_real *out)
{
    for (int64_t v = 0; v < n->vectors; v++) {
        const gnl_real *in = c->head[0] + v / n->positions * c->dims + v % n->positions;
        for (int64_t d = 0; d < n->width; d++)
            out[v * n->width + d] = in[d * n->positions];
    }
}

static void quantize(const gnl_posterior *q, const gnl_code *c)
{
    const sizes n = sizes_of(&q->kind, c->rows);
    const work *w = gnl_kind_work(&q->kind, c);
    read_vectors(c, &n, w->rest);
    for (int64_t book = 0; book < n.books; book++)
        assign(&q->kind, c, &n, book, true);
}

/* ---- codes ----------------------------------------------------------------------------------- */

static void lookup(const gnl_posterior *q, int64_t rows, const int32_t *index, gnl_real *z)
{
    const sizes n = sizes_of(&q->kind, rows);
    for (int64_t v = 0; v < n.vectors; v++) {
        gnl_real *out = z + v / n.positions * q->kind.dims + v % n.positions;
        for (int64_t d = 0; d < n.width; d++) {
            gnl_real sum = 0;
            for (int64_t book = 0; book < n.books; book++)
                sum += book_of(&q->kind, &n, book)[index[v * n.books + book] * n.width + d];
            out[d * n.positions] = sum;
        }
    }
}

/* The indices of a position follow each other, one for each book. */
static void draw(const gnl_posterior *q, const gnl_code *c, int64_t s)
{
    const sizes n = sizes_of(&q->kind, c->rows);
    const work *w = gnl_kind_work(&q->kind, c);
    int32_t *index = c->index + s * c->rows * q->codes.count;
    if (s == 0)
        quantize(q, c);
    for (int64_t v = 0; v < n.vectors; v++)
        for (int64_t book = 0; book < n.books; book++)
            index[v * n.books + book] = w->index[book * n.vectors + v];
    lookup(q, c->rows, index, c->z + s * c->rows * c->dims);
}

static void mean(const gnl_posterior *q, const gnl_code *c, gnl_real *out)
{
    gnl_code one = *c;
    one.z = out;
    draw(q, &one, 0);
}

/* ---- loss and derivatives -------------------------------------------------------------------- */

/* The commitment: what remains after each book, squared. */
static double loss(const gnl_posterior *q, const gnl_code *c)
{
    const vq_opts *o = gnl_kind_opts(&q->kind);
    const sizes n = sizes_of(&q->kind, c->rows);
    const gnl_real *rest = ((const work *)gnl_kind_work(&q->kind, c))->rest + n.vectors * n.width;
    double total = 0;
    for (int64_t book = 0; book < n.books; book++, rest += n.vectors * n.width)
        total += c->compute.k->dot(n.vectors * n.width, rest, rest);
    return o->commitment * total / (double)GNL_MAX(c->rows, 1);
}

/* The derivative by the code is that by the encoder's output (straight through), plus that of the commitment, for which
 * codes are constants. */
static void draw_backward(const gnl_posterior *q, const gnl_code *c, int64_t s, gnl_real *const dhead[GNL_MAX_HEADS])
{
    const vq_opts *o = gnl_kind_opts(&q->kind);
    const sizes n = sizes_of(&q->kind, c->rows);
    const work *w = gnl_kind_work(&q->kind, c);
    const gnl_real factor = (gnl_real)(2 * o->commitment / (double)(c->rows * c->samples));
    const gnl_real *dz = c->dz + s * c->rows * c->dims;
    for (int64_t v = 0; v < n.vectors; v++)
        for (int64_t d = 0; d < n.width; d++) {
            const int64_t at = v / n.positions * c->dims + v % n.positions + d * n.positions;
            gnl_real rest = 0;
            for (int64_t book = 1; book <= n.books; book++)
                rest += w->rest[(book * n.vectors + v) * n.width + d];
            dhead[0][at] = dz[at] + factor * rest;
        }
}

/* ---- updates of the books -------------------------------------------------------------------- */

/* A book that is updated, and the vectors that are assigned to it. */
typedef struct update {
    const vq_opts *o;
    sizes n;
    const work *w;
    const gnl_real *vector; /* [vectors,width] */
    const int32_t *index;   /* [vectors] */
    gnl_real *code, *count, *sum;
} update;

static update update_of(gnl_kind *kind, const gnl_code *c, int64_t book)
{
    const sizes n = sizes_of(kind, c->rows);
    const work *w = gnl_kind_work(kind, c);
    return (update){.o = gnl_kind_opts(kind),
                    .n = n,
                    .w = w,
                    .vector = w->rest + book * n.vectors * n.width,
                    .index = w->index + book * n.vectors,
                    .code = gnl_numbers_data(&kind->numbers, CODE) + book * n.codes * n.width,
                    .count = gnl_numbers_data(&kind->numbers, COUNT) + book * n.codes,
                    .sum = gnl_numbers_data(&kind->numbers, SUM) + book * n.codes * n.width};
}

/* Sums the vectors of each code. */
static void sum_vectors(const update *u)
{
    memset(u->w->sum, 0, (size_t)(u->n.codes * u->n.width) * sizeof *u->w->sum);
    memset(u->w->count, 0, (size_t)u->n.codes * sizeof *u->w->count);
    for (int64_t v = 0; v < u->n.vectors; v++) {
        const int64_t k = u->index[v];
        u->w->count[k]++;
        for (int64_t d = 0; d < u->n.width; d++)
            u->w->sum[k * u->n.width + d] += (double)u->vector[v * u->n.width + d];
    }
}

/* Moves the running averages towards the sums of the batch, and the codes to the averages. */
static void average(const update *u, double decay)
{
    const double smoothing = u->o->smoothing;
    double all = 0;
    for (int64_t k = 0; k < u->n.codes; k++)
        all += u->count[k] = (gnl_real)(decay * (double)u->count[k] + (1 - decay) * u->w->count[k]);
    for (int64_t k = 0; k < u->n.codes; k++) {
        const double count = ((double)u->count[k] + smoothing) / (all + (double)u->n.codes * smoothing) * all;
        for (int64_t i = k * u->n.width; i < (k + 1) * u->n.width; i++) {
            u->sum[i] = (gnl_real)(decay * (double)u->sum[i] + (1 - decay) * u->w->sum[i]);
            u->code[i] = count > 0 ? (gnl_real)((double)u->sum[i] / count) : u->code[i];
        }
    }
}

/* Makes a vector of the batch code k, as if it had the mean usage. */
static void replace(const update *u, int64_t k, gnl_rng *rng)
{
    const int64_t chosen = (int64_t)(gnl_rng_unit(rng) * (double)u->n.vectors);
    const int64_t v = GNL_MIN(chosen, u->n.vectors - 1);
    const double usage = (double)u->n.vectors / (double)u->n.codes;
    u->count[k] = (gnl_real)usage;
    for (int64_t d = 0; d < u->n.width; d++) {
        u->code[k * u->n.width + d] = u->vector[v * u->n.width + d];
        u->sum[k * u->n.width + d] = (gnl_real)(usage * (double)u->vector[v * u->n.width + d]);
    }
}

static void replace_unused(const update *u, gnl_rng *rng)
{
    const double least = u->o->revive * (double)u->n.vectors / (double)u->n.codes;
    for (int64_t k = 0; k < u->n.codes; k++)
        if ((double)u->count[k] < least)
            replace(u, k, rng);
}

/* Replaces codes by the means of their vectors. Codes without vectors stay. */
static void move_to_means(const update *u)
{
    sum_vectors(u);
    for (int64_t k = 0; k < u->n.codes; k++) {
        if (u->w->count[k] == 0)
            continue;
        u->count[k] = (gnl_real)u->w->count[k];
        for (int64_t i = k * u->n.width; i < (k + 1) * u->n.width; i++) {
            u->sum[i] = (gnl_real)u->w->sum[i];
            u->code[i] = (gnl_real)(u->w->sum[i] / u->w->count[k]);
        }
    }
}

/* Starts the books by k-means of the first batch, from random vectors, one book after the other. */
static void start(gnl_kind *kind, const gnl_code *c, gnl_rng *rng)
{
    const sizes n = sizes_of(kind, c->rows);
    for (int64_t book = 0; book < n.books; book++) {
        const update u = update_of(kind, c, book);
        for (int64_t k = 0; k < n.codes; k++)
            replace(&u, k, rng);
        for (int i = 0; i < KMEANS_STEPS; i++) {
            assign(kind, c, &n, book, false);
            move_to_means(&u);
        }
        assign(kind, c, &n, book, true);
    }
}

/* Averages of the first steps are short, because the encoder changes quickly. */
static double decay_after(const vq_opts *o, double steps)
{
    return fmin(o->decay, (1 + steps) / (10 + steps));
}

static void after_step(gnl_kind *kind, const gnl_code *c)
{
    gnl_real *steps = gnl_numbers_data(&kind->numbers, STEPS);
    const double before = (double)*steps;
    gnl_rng rng = c->rng;
    *steps += 1;
    if (before < 1) {
        start(kind, c, &rng);
        return;
    }
    for (int64_t book = 0; book < sizes_of(kind, c->rows).books; book++) {
        const update u = update_of(kind, c, book);
        sum_vectors(&u);
        average(&u, decay_after(u.o, before));
        replace_unused(&u, &rng);
    }
}

static bool is_surrogate(const void *opts)
{
    return true;
}

const gnl_posterior_type gnl_posterior_vq = {
    .kind = {.name = "vq",
             .options = &table,
             .help = "vector quantization: the nearest codes of one or more code books",
             .params = params,
             .check = check,
             .is_surrogate = is_surrogate,
             .work_new = work_new,
             .after_step = after_step},
    .heads = heads,
    .draw = draw,
    .draw_backward = draw_backward,
    .mean = mean,
    .codes = codes,
    .lookup = lookup,
    .loss = loss,
    .prior = "uniform",
};
