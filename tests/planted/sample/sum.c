/* SPDX-License-Identifier: MIT */
/* A function with a test, for the test of plant.py. */

static int sum_below(int n)
{
    int total = 0;
    for (int i = 0; i < n; i++)
        total += i;
    return total;
}

int main(void)
{
    return sum_below(5) == 10 ? 0 : 1;
}
