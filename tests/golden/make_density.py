#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Numbers of scikit-learn for tests/golden/test_density.c; writes data/density.h.

Run with numpy 2.4 and scikit-learn 1.9. The samples are multiples of 1/64, which are exact in float32.
"""
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

warnings.simplefilter('ignore')
rng = np.random.default_rng(11)
N, D, K, STEPS, LATENT = 150, 4, 3, 8, 2


def array(name, values):
    flat = np.asarray(values, dtype=np.float64).ravel()
    lines, line = [], '   '
    for v in flat:
        text = ' %.17g,' % v
        if len(line) + len(text) > 108:
            lines.append(line)
            line = '   '
        line += text
    lines.append(line)
    return 'static const double %s[%d] = {\n%s};\n' % (name, len(flat), '\n'.join(lines))


def draw():
    parts = [rng.normal(size=(n, D)) @ (rng.normal(size=(D, D)) * 0.7) + rng.normal(size=D) * 3 for n in (70, 50, 30)]
    x = np.round(np.concatenate(parts) * 64) / 64
    return x[rng.permutation(N)]


def mixture(x, kind):
    """EM for STEPS iterations from K samples as means and from unit variances."""
    model = GaussianMixture(K, covariance_type=kind, tol=0, max_iter=STEPS, reg_covar=1e-6, means_init=x[:K],
                            weights_init=np.full(K, 1 / K),
                            precisions_init=np.ones((K, D)) if kind == 'diag' else np.stack([np.eye(D)] * K))
    model.fit(x)
    best = max(GaussianMixture(K, covariance_type=kind, n_init=10, random_state=i).fit(x).score(x) for i in range(3))
    return (array(f'golden_{kind}_weight', model.weights_) + array(f'golden_{kind}_mean', model.means_)
            + array(f'golden_{kind}_covariance', model.covariances_)
            + array(f'golden_{kind}_density', model.score_samples(x)[:20])
            + array(f'golden_{kind}_share', model.predict_proba(x)[:20]) + array(f'golden_{kind}_best', [best]))


def ppca(x):
    """scikit-learn divides the covariance by n - 1, the largest likelihood by n."""
    model = PCA(LATENT, svd_solver='full').fit(x)
    model.explained_variance_ *= (N - 1) / N
    model.noise_variance_ *= (N - 1) / N
    return (array('golden_ppca_variance', model.explained_variance_)
            + array('golden_ppca_noise', [model.noise_variance_])
            + array('golden_ppca_density', model.score_samples(x)[:20])
            + array('golden_ppca_coordinates', np.abs(model.transform(x)[:20])))


x = draw()
text = '/* SPDX-License-Identifier: MIT */\n'
text += '/* Written by tests/golden/make_density.py with numpy %s, scikit-learn %s. */\n' % (
    np.__version__, sklearn.__version__)
text += 'enum { ROWS = %d, DIMS = %d, COMPONENTS = %d, STEPS = %d, LATENT = %d, SHOWN = 20 };\n' % (
    N, D, K, STEPS, LATENT)
text += array('golden_x', x) + mixture(x, 'full') + mixture(x, 'diag') + ppca(x)
(pathlib.Path(__file__).parent / 'data' / 'density.h').write_text(text)
