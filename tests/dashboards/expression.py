"""What a PromQL expression of a dashboard names, read off its text: enough for expressions that give every selector
braces, as all of the dashboards' do."""

import re

# All that Prometheus 2.42 has and a dashboard may want; not one that came later.
FUNCTIONS = set("""
    abs absent absent_over_time avg_over_time ceil changes clamp clamp_max clamp_min count_over_time delta deriv
    exp floor histogram_count histogram_fraction histogram_quantile histogram_sum holt_winters hour idelta
    increase irate label_replace last_over_time ln log10 log2 max_over_time min_over_time minute
    predict_linear present_over_time quantile_over_time rate resets round scalar sgn sort sort_desc sqrt
    stddev_over_time stdvar_over_time sum_over_time time timestamp vector
    """.split())
AGGREGATIONS = set("sum min max avg group stddev stdvar count count_values bottomk topk quantile".split())
LISTS = set("by without on ignoring group_left group_right".split())
WORDS = set("and or unless bool offset".split())
STRING = r'"(?:[^"\\]|\\.)*"'
NAME = r"(?:\$\{\w+\}|[A-Za-z_:])[\w:]*"


class Expression:
    """selectors: [(metric, matchers as text)]. labels: every label named. variables: names of Grafana's. unknown: words
    that are nothing of all that."""

    def __init__(self, text):
        self.variables = set(re.findall(r"\$\{?(\w+)", text)) - {"__rate_interval"}
        self.labels = set()
        self.selectors = []
        rest = re.sub(rf"({NAME})\s*\{{((?:{STRING}|[^}}\"])*)\}}", self._selector, text)
        # Its target and its source are labels; the strings of selectors are gone by now.
        for strings in re.findall(rf"\blabel_replace\(.*?((?:, {STRING}){{4}})\)", rest, re.S):
            target, _, source, _ = re.findall(STRING, strings)
            self.labels |= {target.strip('"'), source.strip('"')} - {""}
        rest = re.sub(STRING, "", rest)
        rest = re.sub(rf"\b({'|'.join(LISTS)})\s*\(([^()]*)\)", self._list, rest)
        rest = re.sub(r"\[[^\]]*\]", "", rest)
        rest = re.sub(r"\$\{?\w+\}?", "", rest)
        self.unknown = set()
        for word, call in re.findall(r"\b([A-Za-z_:][\w:]*)\s*(\(?)", rest):
            if not ((call and word in FUNCTIONS) or word in AGGREGATIONS | WORDS):
                self.unknown.add(word)

    def _selector(self, found):
        metric, matchers = found.groups()
        self.selectors.append((metric, matchers))
        self.labels |= set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(STRING, "", matchers)))
        return ""

    def _list(self, found):
        self.labels |= set(re.findall(r"\w+", found.group(2)))
        return ""
