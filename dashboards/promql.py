"""Expressions for a panel. Every function returns PromQL as text.

Histograms may have come into the data source as classic ones (series name_bucket, name_sum, name_count) or as native
ones (the series name itself), as its scrape is set up, or as both. An expression here takes what there is. It names no
function that Prometheus 2.42 does not have.
"""

RATE = "$__rate_interval"
SCRAPED = ('job=~"$job"', 'instance=~"$instance"')


def series(name, *matchers):
    """The metric's series of the chosen jobs and instances that match."""
    return f"{name}{{{','.join((*SCRAPED, *matchers))}}}"


def rate(name, *matchers, window=RATE):
    return f"rate({series(name, *matchers)}[{window}])"


def observations(histogram, *matchers, window=RATE):
    """Observations a second, series by series. Of what is both, the classic one counts, and once."""
    return (f"({rate(histogram + '_count', *matchers, window=window)}"
            f" or histogram_count({rate(histogram, *matchers, window=window)}))")


def observed(histogram, *matchers, window=RATE):
    """What is observed, summed up, a second: seconds of time a second, bytes a second."""
    return (f"({rate(histogram + '_sum', *matchers, window=window)}"
            f" or histogram_sum({rate(histogram, *matchers, window=window)}))")


def total(expression, *by):
    return f"sum by ({', '.join(by)}) ({expression})" if by else f"sum({expression})"


def ratio(part, whole):
    """part / whole of two sums by the same labels. Nothing of something is 0, and something of nothing is no number
    and not NaN either: there is no ratio without traffic."""
    return f"({part} or 0 * {whole})\n/ ({whole} > 0)"


def by_kind(part, whole, label):
    """The part by a label; while there is nothing of it, a 0 called none."""
    return f'{total(part, label)}\nor on () label_replace(0 * {total(whole)}, "{label}", "none", "", "")'


def named(expression, label, name):
    """The name for the series that does not have the label: a line without one has no legend."""
    return f'label_replace({expression}, "{label}", "{name}", "{label}", "")'


def or_zero(expression):
    """0 in place of nothing, for what is a count and not a measurement. Only for sums without labels."""
    return f"{expression} or vector(0)"


def quantile(rank, histogram, by, *matchers, window=RATE):
    """No traffic, no quantile: NaN is no answer of a panel."""
    native = f"histogram_quantile({rank}, {total(rate(histogram, *matchers, window=window), *by)})"
    classic = (f"histogram_quantile({rank}, "
               f"{total(rate(histogram + '_bucket', *matchers, window=window), *by, 'le')})")
    return f"({native}\nor {classic}) >= 0"


def mean(histogram, by, *matchers, window=RATE):
    return (f"{total(observed(histogram, *matchers, window=window), *by)}\n"
            f"/ ({total(observations(histogram, *matchers, window=window), *by)} > 0)")


def share_above(bound, histogram, by, *matchers, window=RATE):
    """The share of observations above the bound, which is one of the histogram's buckets, as it is written there."""
    native = f"1 - histogram_fraction(0, {bound}, {total(rate(histogram, *matchers, window=window), *by)})"
    within = total(rate(f"{histogram}_bucket", *matchers, f'le="{bound}"', window=window), *by)
    every = total(rate(f"{histogram}_count", *matchers, window=window), *by)
    # What the native one rounds to a little less than nothing is nothing.
    return f"clamp_min(({native})\nor (1 - {within} / {every}), 0) >= 0"


def buckets(histogram, *matchers, window=RATE):
    """For a heatmap: the native histogram where there is one, else the classic one's buckets."""
    native = total(rate(histogram, *matchers, window=window))
    classic = total(rate(histogram + "_bucket", *matchers, window=window), "le")
    return f"{native}\nor on () {classic}"


def label_values(selector, label):
    """A variable's query."""
    return f"label_values({selector}, {label})"
