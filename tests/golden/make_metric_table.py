#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Numbers of other programs for tests/golden/test_metric_table.c; writes data/metric_table.h.

Run with numpy 2.4, scipy 1.17, scikit-learn 1.9, torch 2.13 and torchmetrics 1.9. The numbers of the samples are small
integers / 64, which are exact in float32; the images are formulas that the test repeats. Metrics that draw random
numbers are computed here with other draws and far more of them, and compared within 5 standard errors.
"""
import pathlib
import numpy as np
import scipy
import scipy.ndimage
import scipy.stats
import sklearn
import sklearn.feature_selection
import sklearn.linear_model
import sklearn.metrics
import sklearn.neighbors
import torch
import torchmetrics
import torchmetrics.functional.image as image_metrics

from make_metric import array, classifier, frechet, neighbours

rng = np.random.default_rng(11)
cases = []  # text, name, column, value, standard error or None, tolerance


def case(text, value, name=None, column=-1, error=None, tolerance=1e-6):
    cases.append((text, name or text.split()[0], column, value, error, tolerance))


def grid(x):
    return np.round(x * 64) / 64


# ---- samples against data -------------------------------------------------------------------------
D = 4
mix = rng.normal(size=(D, D)) * 0.5
a, b = grid(rng.normal(size=(80, D)) @ mix), grid(rng.normal(size=(61, D)) @ mix * 1.2 + 0.3)
train = grid(rng.normal(size=(70, D)) @ mix)
a[:5] = train[:5]
n, m = len(a), len(b)


def unbiased(kernel, a, b):
    aa, bb, ab = kernel(a, a), kernel(b, b), kernel(a, b)
    n, m = len(a), len(b)
    return ((aa.sum() - np.trace(aa)) / (n * (n - 1)) + (bb.sum() - np.trace(bb)) / (m * (m - 1)) - 2 * ab.mean())


def jackknife(function, a, b):
    parts = []
    for first, x in ((True, a), (False, b)):
        left = np.array([function(np.delete(a, i, 0), b) if first else function(a, np.delete(b, i, 0))
                         for i in range(len(x))])
        parts.append((len(x) - 1) * left.var())
    return np.sqrt(sum(parts))


def polynomial(degree, gamma, coef):
    return lambda a, b: unbiased(lambda x, y: (gamma * x @ y.T + coef) ** degree, a, b)


def gaussian(h):
    square = lambda x, y: scipy.spatial.distance.cdist(x, y, "sqeuclidean")
    return lambda a, b: unbiased(lambda x, y: np.exp(-square(x, y) / (2 * h * h)), a, b)


case("frechet", frechet(a, b))
case("fid", frechet(a, b))
case("kernel", polynomial(3, 1 / D, 1)(a, b), error=jackknife(polynomial(3, 1 / D, 1), a, b))
case("kid degree=2 gamma=0.5 coef=0.25", polynomial(2, 0.5, 0.25)(a, b))
case("kernel subset=30 subsets=400", polynomial(3, 1 / D, 1)(a, b), tolerance="errors")
median = np.median(scipy.spatial.distance.pdist(np.vstack([a, b])))
case("mmd", gaussian(median)(a, b))
case("mmd bandwidth=0.7", gaussian(0.7)(a, b), error=jackknife(gaussian(0.7), a, b))

directions = rng.normal(size=(20000, D))
directions /= np.linalg.norm(directions, axis=1, keepdims=True)
quantiles = (np.arange(n * m) + 0.5) / (n * m)  # the quantile functions are constant between these


def wasserstein_square(x, y):
    x, y = np.sort(x), np.sort(y)
    return np.mean((np.repeat(x, m) - np.repeat(y, n)) ** 2)


def sliced(order):
    one = [wasserstein_square(a @ v, b @ v) if order == 2 else scipy.stats.wasserstein_distance(a @ v, b @ v)
           for v in directions[:2000 if order == 2 else 20000]]
    return np.sqrt(np.mean(one)) if order == 2 else np.mean(one)


case("sliced_wasserstein projections=2000", sliced(2), tolerance=0.05)
case("swd projections=2000 order=1", sliced(1), tolerance=0.05)

pooled, both = np.vstack([a[:m], b]), np.repeat([1, 0], m)
nearest = sklearn.neighbors.NearestNeighbors(n_neighbors=2, algorithm="brute").fit(pooled)
found = np.array([next(j for j in near if j != i) for i, near in enumerate(nearest.kneighbors(pooled)[1])])
share = np.mean(both[found] == both)
case("two_sample", share, error=np.sqrt(share * (1 - share) / (2 * m - 1)))
case("two_sample", scipy.stats.norm.sf((share - 0.5) * 2 * np.sqrt(2 * m)), name="two_sample_p")
scaled = (pooled - pooled.mean(0)) / pooled.std(0, ddof=1)
even = np.arange(2 * m) % m % 2 == 0
model = sklearn.linear_model.LogisticRegression(C=1 / 0.5, tol=1e-12, max_iter=10000).fit(scaled[even], both[even])
case("c2st classifier=logistic decay=0.5", model.score(scaled[~even], both[~even]), name="two_sample")

for name, value in zip(("precision", "recall", "density", "coverage"), neighbours(b, a, 3)):
    case(f"{name} k=3", value)
far = lambda x, y: scipy.spatial.distance.cdist(x, y).min(1)
to_train, to_held = far(a, train[:m]), far(a, b)
case("copies", np.mean((to_train < to_held) + 0.5 * (to_train == to_held)), name="closer_to_training")
case("distance_ratio", to_train.mean() / to_held.mean())
case("exact_copies", np.mean(to_train == 0))
probabilities = scipy.special.softmax(rng.normal(size=(40, 5)) * 2, axis=1).astype(np.float32)
score, sd = classifier(probabilities.astype(np.float64), 4)
case("is splits=4", score, error=sd / np.sqrt(3))
case("inception_score", classifier(probabilities.astype(np.float64), 1)[0])

# ---- columns --------------------------------------------------------------------------------------
pooled_sd = np.sqrt((a.var(0, ddof=1) + b.var(0, ddof=1)) / 2)
differences = {"mean_difference": np.abs(a.mean(0) - b.mean(0)) / pooled_sd}
va, vb = a.var(0, ddof=1), b.var(0, ddof=1)
differences["variance_difference"] = np.abs(va - vb) / np.maximum(va, vb)
at = [0.05, 0.25, 0.5, 0.75, 0.95]
qa, qb = np.quantile(a, at, axis=0), np.quantile(b, at, axis=0)
differences["quantile_difference"] = np.mean(np.abs(qa - qb), axis=0) / pooled_sd
differences["kolmogorov_smirnov"] = np.array([scipy.stats.ks_2samp(a[:, j], b[:, j]).statistic for j in range(D)])
low, high = np.minimum(a.min(0), b.min(0)), np.maximum(a.max(0), b.max(0))
histograms = [[np.histogram(x[:, j], 10, (low[j], high[j]))[0] / len(x) for j in range(D)] for x in (a, b)]
differences["total_variation bins=10"] = np.abs(np.array(histograms[0]) - histograms[1]).sum(1) / 2
upper = np.triu_indices(D, 1)
differences["correlation_difference"] = np.abs(np.corrcoef(a.T) - np.corrcoef(b.T))[upper]
for text, values in differences.items():
    name, _, options = text.partition(" ")
    case(text, values.mean())
    case(f"{name}_max {options}", values.max())
case("columns each=yes", a.mean(0)[1], name="mean", column=1, error=np.sqrt(va[1] / n))
case("columns each=yes", vb[2], name="data_variance", column=2)
case("columns each=yes", qb[4][3], name="data_q95", column=3)
case("ks each=yes", differences["kolmogorov_smirnov"][2], name="kolmogorov_smirnov", column=2)
case("tv bins=10 each=yes", histograms[1][3][0], name="data_histogram", column=3)

# ---- reconstructions -------------------------------------------------------------------------------
SIDE = 180
r, c = np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")


def images():
    """Two images of two channels, and reconstructions; tests/golden/test_metric_table.c has the same formulas."""
    x = np.empty((2, 2, SIDE, SIDE))
    y = np.empty_like(x)
    for i in range(2):
        for k in range(2):
            x[i, k] = ((r * r + 3 * (i + 1) * r * c // 16 + 2 * c * (k + 1)) // 8 % 257) / 256
            y[i, k] = x[i, k] * 0.75 + (r * 5 + c * 3 + i + k) % 17 / 128
    return x, y


x, y = images()
X, Y = torch.tensor(x), torch.tensor(y)
squares = ((x - y) ** 2).mean((1, 2, 3))
case("mse", squares.mean(), error=squares.std(ddof=1) / np.sqrt(2))
case("psnr", float(image_metrics.peak_signal_noise_ratio(Y, X, data_range=float(x.max() - x.min()))))
case("psnr range=2 average=rows",
     float(image_metrics.peak_signal_noise_ratio(Y, X, data_range=2.0, dim=(1, 2, 3), reduction="elementwise_mean")))
case("ssim", float(image_metrics.structural_similarity_index_measure(Y, X)))
case("ssim range=1 sigma=0.6 window=5",
     float(image_metrics.structural_similarity_index_measure(Y, X, data_range=1.0, sigma=0.6)))
case("ms_ssim range=1",
     float(image_metrics.multiscale_structural_similarity_index_measure(Y, X, data_range=1.0, normalize="relu")))


def ssim_inside(window, sigma, data_range):
    """Windows within the image, by scipy."""
    at = np.arange(window) - window // 2
    weight = np.exp(-0.5 * (at / sigma) ** 2)
    weight /= weight.sum()

    def smooth(v):
        for axis in (2, 3):
            v = scipy.ndimage.correlate1d(v, weight, axis=axis)
        return v[..., window // 2:-(window // 2), window // 2:-(window // 2)]

    mx, my = smooth(x), smooth(y)
    sx, sy, sxy = smooth(x * x) - mx ** 2, smooth(y * y) - my ** 2, smooth(x * y) - mx * my
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    return np.mean((2 * mx * my + c1) * (2 * sxy + c2) / ((mx ** 2 + my ** 2 + c1) * (sx + sy + c2)))


case("ssim edges=inside range=1", ssim_inside(11, 1.5, 1))
betas = np.array([0.0448, 0.2856, 0.3001])
betas *= (0.0448 + 0.2856 + 0.3001 + 0.2363 + 0.1333) / betas.sum()
case("ms_ssim range=1 levels=3 sigma=0.6 window=5",
     float(image_metrics.multiscale_structural_similarity_index_measure(
         Y, X, data_range=1.0, normalize="relu", sigma=0.6, betas=tuple(betas))))

# ---- disentanglement -------------------------------------------------------------------------------
N = 300
factors = np.stack([rng.integers(0, 3, N), rng.integers(0, 6, N) / 4, rng.integers(0, 10, N)], 1).astype(float)
codes = grid(np.stack([factors[:, 0] + 0.2 * rng.normal(size=N), factors[:, 1] * 2 + 0.3 * rng.normal(size=N),
                       factors[:, 2] / 3 + 0.5 * factors[:, 0] + 0.2 * rng.normal(size=N), rng.normal(size=N)], 1))


def mig(bins):
    """As disentanglement_lib: histogram bins of each code, mutual_info_score."""
    values = (factors * 4).astype(int)
    binned = [np.digitize(z, np.histogram(z, bins)[1][:-1]) for z in codes.T]
    info = np.array([[sklearn.metrics.mutual_info_score(f, z) for f in values.T] for z in binned])
    entropy = np.array([sklearn.metrics.mutual_info_score(f, f) for f in values.T])
    ordered = np.sort(info, axis=0)[::-1]
    return np.mean((ordered[0] - ordered[1]) / entropy)


case("mig", mig(20))
case("mig bins=7", mig(7))
square = np.array([[np.corrcoef(z, f)[0, 1] ** 2 for f in factors.T] for z in codes.T])
ordered = np.sort(square, axis=0)[::-1]
case("sap", np.mean(ordered[0] - ordered[1]))
standard = lambda v: (v - v.mean(0)) / v.std(0)
lasso = [sklearn.linear_model.Lasso(alpha=0.05, tol=1e-12, max_iter=100000).fit(standard(codes), f)
         for f in standard(factors).T]
importance = np.abs(np.array([one.coef_ for one in lasso])).T  # [codes, factors]


def concentration(matrix):
    each = 1 - scipy.stats.entropy(matrix.T + 1e-300, base=matrix.shape[1])
    return np.sum(each * matrix.sum(1) / matrix.sum())


case("dci alpha=0.05", concentration(importance), name="disentanglement")
case("completeness alpha=0.05", concentration(importance.T))
case("informativeness alpha=0.05",
     np.mean([one.score(standard(codes), f) for one, f in zip(lasso, standard(factors).T)]))


def factor_vae(votes, rows):
    spread = codes.var(0, ddof=1)
    seen = []
    for _ in range(2 * votes):
        f = rng.integers(3)
        like = np.flatnonzero(factors[:, f] == factors[rng.integers(N), f])
        drawn = codes[rng.choice(like, rows)]
        seen.append((np.argmin(drawn.var(0, ddof=1) / spread), f))
    table = np.zeros((codes.shape[1], 3))
    for z, f in seen[:votes]:
        table[z, f] += 1
    return np.mean([table[z].argmax() == f for z, f in seen[votes:]])


case("factor_vae rows=6", factor_vae(20000, 6), tolerance="errors")

# ---- rows ------------------------------------------------------------------------------------------
labels = (rng.random(120) < 0.3).astype(float)
scores = np.round((labels + rng.normal(size=120)) * 4) / 4  # many ties
area = sklearn.metrics.roc_auc_score(labels, scores)
positive, negative = scores[labels == 1], scores[labels == 0]
wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
delong = np.sqrt(wins.mean(1).var(ddof=1) / len(positive) + wins.mean(0).var(ddof=1) / len(negative))
case("auroc", area, error=delong)
case("average_precision", sklearn.metrics.average_precision_score(labels, scores))

# ---- writing ---------------------------------------------------------------------------------------
text = "/* SPDX-License-Identifier: MIT */\n" \
       "/* Written by tests/golden/make_metric_table.py with numpy %s, scipy %s,\n" \
       " * scikit-learn %s, torch %s, torchmetrics %s. */\n" % (
           np.__version__, scipy.__version__, sklearn.__version__, torch.__version__, torchmetrics.__version__)
text += f"enum {{ ROWS_A = {n}, ROWS_B = {m}, ROWS_TRAIN = {len(train)}, WIDTH = {D}, ROWS_P = 40, CLASSES = 5, " \
        f"SIDE = {SIDE},\n       ROWS_Z = {N}, CODES = {codes.shape[1]}, FACTORS = 3, ROWS_S = {len(scores)} }};\n"
for name, values in (("a", a), ("b", b), ("train", train), ("probabilities", probabilities),
                     ("codes", codes), ("factors", factors), ("scores", scores), ("labels", labels)):
    text += array("golden_" + name, values)
text += "/* tolerance: relative; 0: within 5 standard errors */\nstatic const struct golden_case {\n" \
        "    const char *text, *name;\n    int column;\n    double value, error, tolerance;\n} golden_cases[] = {\n"
for spec, name, column, value, error, tolerance in cases:
    text += '    {"%s",\n     "%s", %d, %.17g, %s, %g},\n' % (
        spec.strip(), name, column, value, "NAN" if error is None else "%.17g" % error,
        0 if tolerance == "errors" else tolerance)
text += "};\n"
(pathlib.Path(__file__).parent / "data" / "metric_table.h").write_text(text)
