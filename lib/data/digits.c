/* SPDX-License-Identifier: MIT */
/* Synthetic digits that resemble handwriting. Each digit has several variants, whose strokes pass through a few points.
 * Points, slant, rotation, size, position and pen vary randomly between samples. */
#include <tgmath.h>

#include "data/data_priv.h"

enum { SIDE = 28, MAX_STROKES = 2, MAX_POINTS = 14, MAX_VARIANTS = 3, PIECES = 6 };

typedef struct point {
    float x, y;
} point;

/* A point in the bounding box of a digit, in hundredths of its sides; y points downwards. */
typedef struct spot {
    int8_t x, y;
} spot;

/* A variant of a digit: the points that its strokes pass through. A repeated point is a corner. */
typedef struct variant {
    int spots[MAX_STROKES];
    spot stroke[MAX_STROKES][MAX_POINTS];
} variant;

/* clang-format off */
static const variant variants[10][MAX_VARIANTS] = {
    {{{10}, {{{56,5},{36,8},{20,28},{16,55},{26,85},{50,95},{74,84},{84,52},{76,20},{50,5}}}},
     {{11}, {{{70,12},{46,5},{24,22},{16,52},{24,84},{48,95},{74,80},{83,48},{74,18},{56,5},{42,12}}}},
     {{9}, {{{50,4},{30,20},{24,50},{32,82},{52,96},{70,80},{76,48},{68,18},{50,4}}}}},
    {{{3}, {{{52,4},{50,50},{48,96}}}},
     {{5}, {{{32,24},{54,5},{54,5},{53,50},{52,96}}}},
     {{5, 2}, {{{34,22},{52,5},{52,5},{51,50},{50,95}}, {{26,95},{76,95}}}}},
    {{{10}, {{{20,26},{32,9},{55,4},{76,16},{76,38},{56,62},{18,93},{18,93},{50,92},{84,92}}}},
     {{11}, {{{22,22},{40,5},{66,8},{77,28},{64,54},{38,82},{18,94},{12,82},{26,76},{52,88},{86,93}}}},
     {{9}, {{{24,14},{50,5},{74,18},{68,42},{44,68},{20,94},{20,94},{52,90},{82,95}}}}},
    {{{10}, {{{22,14},{46,4},{72,14},{70,34},{42,47},{42,47},{72,57},{78,76},{54,95},{18,86}}}},
     {{10}, {{{20,8},{50,7},{76,8},{76,8},{46,40},{46,40},{74,54},{76,80},{46,96},{16,86}}}},
     {{10}, {{{26,20},{44,5},{68,12},{68,34},{48,46},{66,50},{76,68},{64,90},{40,96},{20,84}}}}},
    {{{5, 3}, {{{28,6},{20,34},{16,58},{16,58},{86,54}}, {{70,8},{68,50},{64,96}}}},
     {{8}, {{{60,96},{62,50},{64,4},{64,4},{14,62},{14,62},{50,63},{88,62}}}},
     {{7, 3}, {{{34,6},{24,30},{22,50},{34,58},{58,52},{78,42},{82,38}}, {{76,5},{72,50},{66,96}}}}},
    {{{10}, {{{80,6},{32,7},{32,7},{26,44},{26,44},{52,40},{76,54},{74,80},{48,96},{16,86}}}},
     {{8, 2}, {{{32,8},{28,42},{28,42},{56,40},{76,60},{68,86},{42,96},{16,84}}, {{32,8},{80,5}}}},
     {{9}, {{{78,8},{40,8},{34,12},{26,40},{50,42},{70,58},{68,84},{42,95},{18,90}}}}},
    {{{10}, {{{68,4},{42,22},{24,52},{22,80},{44,96},{70,86},{76,66},{58,52},{36,60},{24,78}}}},
     {{10}, {{{50,4},{32,28},{24,58},{28,86},{50,95},{70,82},{68,62},{50,54},{32,66},{27,80}}}},
     {{10}, {{{74,12},{56,5},{34,22},{20,56},{28,88},{54,95},{76,80},{70,60},{46,55},{24,68}}}}},
    {{{5}, {{{16,9},{82,7},{82,7},{60,46},{42,96}}}},
     {{5, 2}, {{{18,10},{80,7},{80,7},{58,50},{44,96}}, {{36,52},{76,50}}}},
     {{7}, {{{18,24},{20,8},{20,8},{50,10},{80,7},{66,44},{54,96}}}}},
    {{{11}, {{{70,16},{48,4},{26,18},{36,40},{66,60},{74,82},{50,96},{24,84},{34,60},{64,38},{72,16}}}},
     {{12}, {{{50,48},{28,34},{30,12},{52,4},{72,16},{68,36},{50,48},{26,66},{28,88},{52,96},{74,86},
            {50,48}}}},
     {{10}, {{{74,10},{46,5},{30,22},{48,46},{70,70},{60,94},{36,92},{30,72},{52,42},{74,12}}}}},
    {{{10}, {{{74,22},{54,5},{30,14},{24,36},{42,50},{64,40},{74,20},{74,20},{70,60},{62,96}}}},
     {{11}, {{{72,26},{56,6},{34,10},{24,32},{38,48},{60,42},{73,22},{75,46},{70,76},{50,95},{28,90}}}},
     {{9}, {{{68,10},{42,8},{26,28},{40,48},{64,36},{70,10},{70,10},{66,52},{66,96}}}}},
};
/* clang-format on */

/* Random parameters of one sample. */
typedef struct style {
    float xx, xy, yx, yy, x, y; /* transform from the box to pixels */
    float jitter;               /* random displacement of each point, as a fraction of the box */
    float pen, ink;             /* half of the stroke width in pixels; darkness */
} style;

static float uniform_in(gnl_rng *rng, double lo, double hi)
{
    return (float)(lo + (hi - lo) * gnl_rng_unit(rng));
}

static float clipped_gauss(gnl_rng *rng, double sd, double most)
{
    double value = sd * gnl_rng_gauss(rng);
    return (float)GNL_MAX(-most, GNL_MIN(most, value));
}

static style draw_style(gnl_rng *rng)
{
    float turn = clipped_gauss(rng, 0.10, 0.25), slant = clipped_gauss(rng, 0.16, 0.4) + 0.06f;
    float height = uniform_in(rng, 17.5, 20.5), width = height * uniform_in(rng, 0.72, 1.0);
    style h = {
        .jitter = uniform_in(rng, 0.012, 0.045), .pen = uniform_in(rng, 0.75, 1.55), .ink = uniform_in(rng, 0.9, 1.1)};
    h.xx = width * cos(turn);
    h.yx = width * sin(turn);
    h.xy = -height * (sin(turn) + slant * cos(turn));
    h.yy = height * (cos(turn) - slant * sin(turn));
    h.x = (float)SIDE / 2 + clipped_gauss(rng, 0.7, 1.5);
    h.y = (float)SIDE / 2 + clipped_gauss(rng, 0.7, 1.5);
    return h;
}

static point place_spot(const style *h, gnl_rng *rng, spot s)
{
    float u = 0.01f * (float)s.x - 0.5f + clipped_gauss(rng, h->jitter, 0.09);
    float v = 0.01f * (float)s.y - 0.5f + clipped_gauss(rng, h->jitter, 0.09);
    return (point){h->xx * u + h->xy * v + h->x, h->yx * u + h->yy * v + h->y};
}

/* Draws a line from a to b with the width of the pen. The edge is antialiased over one pixel. */
static void ink_line(const style *h, point a, point b, gnl_real *x)
{
    float reach = h->pen + 0.5f, dx = b.x - a.x, dy = b.y - a.y;
    float length = GNL_MAX(dx * dx + dy * dy, 1e-6f);
    int left = GNL_MAX((int)(GNL_MIN(a.x, b.x) - reach - 0.5f), 0);
    int right = GNL_MIN((int)(GNL_MAX(a.x, b.x) + reach), SIDE - 1);
    int top = GNL_MAX((int)(GNL_MIN(a.y, b.y) - reach - 0.5f), 0);
    int bottom = GNL_MIN((int)(GNL_MAX(a.y, b.y) + reach), SIDE - 1);
    for (int row = top; row <= bottom; row++)
        for (int column = left; column <= right; column++) {
            float px = (float)column + 0.5f - a.x, py = (float)row + 0.5f - a.y;
            float along = GNL_MAX(0, GNL_MIN(1, (px * dx + py * dy) / length));
            float ex = px - along * dx, ey = py - along * dy;
            gnl_real ink = (gnl_real)(h->ink * GNL_MIN(1, reach - sqrt(ex * ex + ey * ey)));
            x[row * SIDE + column] = GNL_MAX(x[row * SIDE + column], ink);
        }
}

/* Returns the point at t in [0,1] of the Catmull-Rom curve from b to c. */
static float curve(float a, float b, float c, float d, float t)
{
    return b + 0.5f * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

static void ink_stroke(const style *h, const point *p, int n, gnl_real *x)
{
    for (int i = 0; i + 1 < n; i++) {
        point before = p[GNL_MAX(i - 1, 0)], from = p[i], to = p[i + 1], after = p[GNL_MIN(i + 2, n - 1)], last = from;
        for (int piece = 1; piece <= PIECES; piece++) {
            float t = (float)piece / PIECES;
            point next = {curve(before.x, from.x, to.x, after.x, t), curve(before.y, from.y, to.y, after.y, t)};
            ink_line(h, last, next, x);
            last = next;
        }
    }
}

/* The two points of a corner have the same displacement. */
static void place_stroke(const style *h, gnl_rng *rng, const spot *given, int n, point *out)
{
    for (int i = 0; i < n; i++) {
        bool corner = i > 0 && given[i].x == given[i - 1].x && given[i].y == given[i - 1].y;
        out[i] = corner ? out[i - 1] : place_spot(h, rng, given[i]);
    }
}

static int draw_digit(gnl_rng *rng, gnl_real *x)
{
    int digit = (int)gnl_rng_below(rng, 10);
    const variant *w = &variants[digit][gnl_rng_below(rng, MAX_VARIANTS)];
    style h = draw_style(rng);
    memset(x, 0, SIDE * SIDE * sizeof *x);
    for (int i = 0; i < MAX_STROKES; i++) {
        point placed[MAX_POINTS];
        place_stroke(&h, rng, w->stroke[i], w->spots[i], placed);
        ink_stroke(&h, placed, w->spots[i], x);
    }
    for (int i = 0; i < SIDE * SIDE; i++)
        x[i] = GNL_MIN(x[i], 1);
    return digit;
}

static genlat_status digits_fetch(const genlat_source *source, const int64_t *indices, int64_t n, uint64_t draw,
                                  gnl_real *x, gnl_real *labels)
{
    for (int64_t i = 0; i < n; i++) {
        gnl_rng rng = gnl_synthetic_rng(source, indices[i]);
        int digit = draw_digit(&rng, x + i * SIDE * SIDE);
        if (labels)
            labels[i] = (gnl_real)digit;
    }
    return GENLAT_OK;
}

static const gnl_source_type digits_type = {.name = "digits", .fetch = digits_fetch};

const gnl_synthetic_kind gnl_synthetic_digits = {&digits_type, {3, {1, SIDE, SIDE}}, 10, 0};
