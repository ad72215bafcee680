/* SPDX-License-Identifier: MIT */
/* Comparisons of nets, weight by weight. */
#include <check.h>

#include "support/weights.h"

void assert_same_weights(genlat_net *a, genlat_net *b)
{
    for (int32_t i = 0; i < genlat_net_weights(a); i++) {
        genlat_tensor *x = NULL, *y = NULL;
        ck_assert_int_eq(genlat_net_weight(a, genlat_net_weight_name(a, i), &x), GENLAT_OK);
        ck_assert_int_eq(genlat_net_weight(b, genlat_net_weight_name(a, i), &y), GENLAT_OK);
        ck_assert_mem_eq(genlat_tensor_const_data(x), genlat_tensor_const_data(y),
                         (size_t)genlat_tensor_count(x) * sizeof(float));
        genlat_tensor_destroy(&x);
        genlat_tensor_destroy(&y);
    }
}
