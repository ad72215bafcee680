#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Numbers of numpy and scipy for tests/golden/test_metric.c; writes data/metric.h.

Run with numpy 2.4 and scipy 1.17. The samples are small integers / 64, which are exact in float32.
"""
import pathlib
import numpy as np
import scipy.linalg
import scipy.spatial
import scipy.special
import scipy.stats

rng = np.random.default_rng(7)


def draw(n, d, mix, shift):
    return np.round((rng.normal(size=(n, d)) @ mix + shift) * 64) / 64


def frechet(a, b):
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = scipy.linalg.sqrtm(ca @ cb).real
    return np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(ca + cb - 2 * root)


def kernel(a, b):
    d = a.shape[1]
    k = lambda x, y: (x @ y.T / d + 1) ** 3
    aa, bb, ab = k(a, a), k(b, b), k(a, b)
    n, m = len(a), len(b)
    return ((aa.sum() - np.trace(aa)) / (n * (n - 1)) + (bb.sum() - np.trace(bb)) / (m * (m - 1))
            - 2 * ab.mean())


def neighbours(real, fake, k):
    dist = scipy.spatial.distance.cdist
    reach = lambda x: np.sort(dist(x, x, 'sqeuclidean'), axis=1)[:, k]
    cross = dist(real, fake, 'sqeuclidean')
    in_real = cross <= reach(real)[:, None]
    in_fake = cross <= reach(fake)[None, :]
    return (in_real.any(0).mean(), in_fake.any(1).mean(), in_real.sum(0).mean() / k, in_real.any(1).mean())


def classifier(p, splits):
    scores = []
    for part in np.split(p, splits):
        kl = scipy.special.rel_entr(part, part.mean(0)[None]).sum(1)
        scores.append(np.exp(kl.mean()))
    return np.mean(scores), np.std(scores)


def array(name, values, kind='float'):
    flat = np.asarray(values).ravel()
    number = (lambda v: '%.9gf' % v if '.' in '%.9g' % v or 'e' in '%.9g' % v else '%d' % v) if kind == 'float' \
        else (lambda v: '%.17g' % v)
    lines, line = [], '   '
    for v in flat:
        text = ' ' + number(v) + ','
        if len(line) + len(text) > 108:
            lines.append(line)
            line = '   '
        line += text
    lines.append(line)
    return 'static const %s %s[%d] = {\n%s};\n' % (kind, name, len(flat), '\n'.join(lines))


def main():
    D = 6
    mix = rng.normal(size=(D, D)) * 0.5
    a, b = draw(60, D, mix, 0.0), draw(45, D, mix + 0.1 * rng.normal(size=(D, D)), 0.2)
    wide = draw(8, 20, np.eye(20), 0.0), draw(9, 20, np.eye(20), 0.5)
    p = scipy.special.softmax(rng.normal(size=(40, 5)) * 2, axis=1).astype(np.float32)
    x = a.ravel()
    at = [0.0, 0.1, 0.25, 0.5, 0.9, 0.99, 1.0]
    logs = rng.normal(size=50) * 40 - 1000
    text = '/* SPDX-License-Identifier: MIT */\n' \
        '/* Written by tests/golden/make_metric.py with numpy %s, scipy %s. */\n' % (
        np.__version__, scipy.__version__)
    text += 'enum { ROWS_A = 60, ROWS_B = 45, WIDTH = %d, WIDE_A = 8, WIDE_B = 9, WIDE = 20, SPLITS = 4 };\n' % D
    text += array('golden_a', a) + array('golden_b', b)
    text += array('golden_wide_a', wide[0]) + array('golden_wide_b', wide[1])
    text += array('golden_probabilities', p) + array('golden_logs', logs, 'double') + array('golden_at', at, 'double')
    text += array('golden_frechet', [frechet(a, b), frechet(*wide)], 'double')
    text += array('golden_kernel', [kernel(a, b), kernel(*wide)], 'double')
    text += array('golden_neighbours_3', neighbours(a, b, 3), 'double')
    text += array('golden_neighbours_5', neighbours(a, b, 5), 'double')
    text += array('golden_classifier', classifier(p.astype(np.float64), 4), 'double')
    text += array('golden_moments', [x.mean(), x.std(), scipy.stats.skew(x), scipy.stats.kurtosis(x), x.min(), x.max()],
                  'double')
    text += array('golden_quantiles', np.quantile(x, at), 'double')
    text += array('golden_log_mean_exp', [scipy.special.logsumexp(logs) - np.log(len(logs))], 'double')
    target = pathlib.Path(__file__).parent / 'data' / 'metric.h'
    target.parent.mkdir(exist_ok=True)
    target.write_text(text)


if __name__ == '__main__':
    main()
