/* SPDX-License-Identifier: MIT */
/* Precision, recall, density and coverage, using balls whose radius is the distance to the k-th nearest neighbour. */
#include "metric/metric_priv.h"

enum { ROWS_PER_TASK = 16, REAL = 0, GENERATED = 1 };

typedef struct search {
    gnl_rows sets[2];
    const gnl_kernels *kernels;
    int64_t k;
    double *radius[2];                /* [n] squared */
    double *nearest;                  /* [threads,k] scratch: the k smallest distances so far, ascending */
    int64_t *containing;              /* [threads,generated] number of real balls that contain a generated sample */
    uint8_t *recalled, *contains_one; /* [real] inside some generated ball; own ball contains a generated sample */
} search;

static double square_distance(const search *s, const gnl_real *x, const gnl_real *y)
{
    return 2 * s->kernels->squared(s->sets[0].d, x, y, 1, NULL);
}

/* ---- radii --------------------------------------------------------------------------------------------- */

typedef struct radius_job {
    const search *search;
    int set;
} radius_job;

static void insert(double *nearest, int64_t k, double distance)
{
    int64_t place = k - 1;
    if (!(distance < nearest[place]))
        return;
    for (; place > 0 && nearest[place - 1] > distance; place--)
        nearest[place] = nearest[place - 1];
    nearest[place] = distance;
}

static void radius_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const radius_job *job = arg;
    const search *s = job->search;
    const gnl_rows *set = &s->sets[job->set];
    double *nearest = s->nearest + worker * s->k;
    for (int64_t i = begin; i < end; i++) {
        for (int64_t j = 0; j < s->k; j++)
            nearest[j] = INFINITY;
        for (int64_t j = 0; j < set->n; j++)
            if (j != i)
                insert(nearest, s->k, square_distance(s, gnl_row(set, i), gnl_row(set, j)));
        s->radius[job->set][i] = nearest[s->k - 1];
    }
}

/* ---- membership of samples in balls --------------------------------------------------------- */

static void cross_task(void *arg, int64_t begin, int64_t end, int worker)
{
    const search *s = arg;
    const gnl_rows *real = &s->sets[REAL], *generated = &s->sets[GENERATED];
    int64_t *containing = s->containing + worker * generated->n;
    for (int64_t i = begin; i < end; i++)
        for (int64_t j = 0; j < generated->n; j++) {
            double distance = square_distance(s, gnl_row(real, i), gnl_row(generated, j));
            bool in_real = distance <= s->radius[REAL][i];
            containing[j] += in_real;
            s->contains_one[i] |= in_real;
            s->recalled[i] |= distance <= s->radius[GENERATED][j];
        }
}

static void find_scores(const search *s, genlat_neighbours *out, double *density_error)
{
    int64_t real = s->sets[REAL].n, generated = s->sets[GENERATED].n, threads = gnl_threads(s->sets[REAL].ctx);
    int64_t inside = 0, pairs = 0, recalled = 0, covered = 0;
    double squares = 0;
    for (int64_t j = 0; j < generated; j++) {
        int64_t balls = 0;
        for (int64_t t = 0; t < threads; t++)
            balls += s->containing[t * generated + j];
        inside += balls > 0;
        pairs += balls;
        squares += (double)balls * (double)balls;
    }
    for (int64_t i = 0; i < real; i++) {
        recalled += s->recalled[i];
        covered += s->contains_one[i];
    }
    out->precision = (double)inside / (double)generated;
    out->recall = (double)recalled / (double)real;
    out->density = (double)pairs / ((double)s->k * (double)generated);
    out->coverage = (double)covered / (double)real;
    const double mean = (double)pairs / (double)generated, variance = squares / (double)generated - mean * mean;
    *density_error = sqrt(fmax(variance, 0) / (double)(generated - 1)) / (double)s->k;
}

static void search_all(search *s, genlat_neighbours *out, double *density_error)
{
    genlat_ctx *ctx = s->sets[REAL].ctx;
    for (int set = 0; set < 2; set++) {
        radius_job job = {s, set};
        gnl_parallel(ctx, s->sets[set].n, ROWS_PER_TASK, radius_task, &job);
    }
    gnl_parallel(ctx, s->sets[REAL].n, ROWS_PER_TASK, cross_task, s);
    find_scores(s, out, density_error);
}

static genlat_status measure(search *s, genlat_neighbours *out, double *density_error)
{
    genlat_ctx *ctx = s->sets[REAL].ctx;
    int64_t threads = gnl_threads(ctx), real = s->sets[REAL].n, generated = s->sets[GENERATED].n;
    double *numbers = gnl_alloc(ctx, (size_t)(real + generated + threads * s->k), sizeof *numbers);
    int64_t *containing = gnl_calloc(ctx, (size_t)(threads * generated), sizeof *containing);
    uint8_t *flags = gnl_calloc(ctx, (size_t)real, 2);
    genlat_status status = numbers && containing && flags ? GENLAT_OK : GENLAT_E_MEMORY;
    if (status == GENLAT_OK) {
        s->kernels = gnl_kernels_of(ctx);
        s->radius[REAL] = numbers;
        s->radius[GENERATED] = numbers + real;
        s->nearest = numbers + real + generated;
        s->containing = containing;
        s->recalled = flags;
        s->contains_one = flags + real;
        search_all(s, out, density_error);
    }
    gnl_free(ctx, numbers);
    gnl_free(ctx, containing);
    gnl_free(ctx, flags);
    return status;
}

static genlat_status check_k(const search *s)
{
    const int64_t most = GNL_MIN(s->sets[REAL].n, s->sets[GENERATED].n) - 1;
    if (s->k < 1 || s->k > most)
        return gnl_fail(GENLAT_E_RANGE,
                        "k is %lld, must be from 1 to %lld, less than the number of samples of either set",
                        (long long)s->k, (long long)most);
    return GENLAT_OK;
}

genlat_status genlat_metric_neighbours(const genlat_tensor *real, const genlat_tensor *generated, int64_t k,
                                       genlat_neighbours *out)
{
    search s = {.k = k};
    double density_error = 0;
    GNL_ENTER();
    GNL_TRY(gnl_result_check(out, "out"));
    GNL_CHECK(real, "real is NULL");
    GNL_CHECK(generated, "generated is NULL");
    GNL_TRY(gnl_rows_take_pair(real, "real", generated, "generated", 2, s.sets));
    GNL_TRY(check_k(&s));
    genlat_neighbours result = {.size = sizeof result};
    GNL_TRY(measure(&s, &result, &density_error));
    gnl_result_give(out, &result, sizeof result);
    return GENLAT_OK;
}

/* ---- the entry of the table ---------------------------------------------------------------------------- */

typedef struct neighbours_opts {
    size_t size;
    int64_t k;
} neighbours_opts;

static const gnl_option options[] = {
    GNL_OPT_INT(neighbours_opts, k, 5, 1, 1e6, "the ball of a row reaches to its k-th nearest neighbour"),
};
static const gnl_options_table table = {"neighbours", sizeof(neighbours_opts), options, GNL_COUNT(options)};

static const gnl_metric_name values[] = {{"precision", "share of samples within the manifold of the data"},
                                         {"recall", "share of data within the manifold of the samples"},
                                         {"density", "density of the data at the samples; 1 for equal distributions"},
                                         {"coverage", "share of data with a sample nearby"},
                                         {NULL, NULL}};

static genlat_status compute(const gnl_metric_call *call, gnl_metric_numbers *out)
{
    search s = {.k = ((const neighbours_opts *)call->opts)->k};
    genlat_neighbours found = {.size = sizeof found};
    double error = 0;
    GNL_TRY(gnl_metric_pair(call, GNL_DATA, GNL_SAMPLES, false, s.sets));
    GNL_TRY(check_k(&s));
    GNL_TRY(measure(&s, &found, &error));
    const int64_t n = s.sets[GENERATED].n, m = s.sets[REAL].n;
    GNL_TRY(gnl_metric_add(out, &values[0], -1, found.precision, gnl_share_error(found.precision, n), n));
    GNL_TRY(gnl_metric_add(out, &values[1], -1, found.recall, gnl_share_error(found.recall, m), m));
    GNL_TRY(gnl_metric_add(out, &values[2], -1, found.density, error, n));
    return gnl_metric_add(out, &values[3], -1, found.coverage, gnl_share_error(found.coverage, m), m);
}

const gnl_metric_type gnl_metric_neighbours = {
    .name = "neighbours",
    .help = "precision, recall, density and coverage by nearest neighbours",
    .options = &table,
    .values = values,
    .needs = GENLAT_METRIC_SAMPLES | GENLAT_METRIC_DATA,
    .least = 2,
    .compute = compute,
    .notes = "All depend on both sample sizes: compare only numbers of equal sizes. The expected coverage of equal "
             "distributions is about 1 - 2^-k for sets of one size. Standard errors: over the rows that are counted, "
             "with the balls given. Sources: Kynkaanniemi and others, Improved precision and recall metric, 2019; "
             "Naeem and others, Reliable fidelity and diversity metrics, 2020.",
};
