"""Series for a rule that nobody has data for: of every metric that its expression selects a few, with labels that its
matchers, groupings and templates ask for, and with values around the numbers that it compares with.

Everything comes from the random generator that is given, so the same seed gives the same series.
"""
import re

# Seconds between samples. No border of a range or of the lookback, seen from a whole minute, ever lies on a sample:
# there Prometheus 2 and 3 differ.
INTERVAL = 13.777

_TOKEN = re.compile(r"""
    (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
  | (?P<comment>\#[^\n]*)
  | (?P<range>\[[^\]]*\])
  | (?P<duration>(?:\d+(?:ms|[smhdwy]))+)
  | (?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)
  | (?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
  | (?P<operator>=~|!~|!=|==|<=|>=|[-+*/%^(){},=<>@])
  | (?P<blank>\s+)
""", re.VERBOSE)
_AGGREGATIONS = {"sum", "avg", "count", "min", "max", "stddev", "stdvar", "topk", "bottomk", "quantile", "count_values",
                 "group"}
_GROUPINGS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_WORDS = _AGGREGATIONS | _GROUPINGS | {"and", "or", "unless", "offset", "bool", "atan2", "inf", "nan", "Inf", "NaN"}
_COUNTER_FUNCTIONS = {"rate", "irate", "increase"}
_EXAMPLES = ["200", "500", "404", "GET", "POST", "/", "/data", "x", "eth0", "sda", "ext4", "prod", "a-b", "a_b", "", "7"]


class Selector:
    """A metric's name, its matchers (label, operator, text), and whether it is taken for a counter."""

    def __init__(self, name, matchers, counter):
        self.name = name
        self.matchers = matchers
        self.counter = counter


class Expression:
    """What a PromQL expression selects: `selectors`, `labels` that it groups and matches by, `numbers` in it."""

    def __init__(self, text):
        self.selectors = []
        self.labels = set()
        self.numbers = []
        self._tokens = self._split(text)
        self._read()

    @staticmethod
    def _split(text):
        tokens, position = [], 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if not match:
                raise ValueError(f"what is {text[position:position + 20]!r} in {text!r}?")
            if match.lastgroup not in ("blank", "comment"):
                tokens.append((match.lastgroup, match[0]))
            position = match.end()
        return tokens + [("end", "")] * 2

    def _read(self):
        tokens = self._tokens
        functions = []  # the function of every open parenthesis
        position = 0
        while tokens[position][0] != "end":
            kind, text = tokens[position]
            if kind == "number":
                self.numbers.append(float(text))
            elif text == "(":
                before = tokens[position - 1] if position else ("end", "")
                functions.append(before[1] if before[0] == "name" else "")
            elif text == ")":
                functions.pop()
            elif kind == "name" and text in _GROUPINGS and tokens[position + 1][1] == "(":
                position += 2
                while tokens[position][1] != ")":
                    if tokens[position][0] == "name" and text in ("by", "on", "group_left", "group_right"):
                        self.labels.add(tokens[position][1])
                    position += 1
            elif text == "{" or (kind == "name" and text not in _WORDS and tokens[position + 1][1] != "("):
                name = ""
                if kind == "name":
                    name = text
                    position += 1
                matchers = []
                if tokens[position][1] == "{":
                    position, matchers = self._read_matchers(position + 1)
                counter = bool(_COUNTER_FUNCTIONS & set(functions)) or name.endswith(("_total", "_bucket", "_count"))
                name = name or next((value if operator == "=" else _of_pattern(value, 0)
                                     for label, operator, value in matchers if label == "__name__"), "")
                matchers = [matcher for matcher in matchers if matcher[0] != "__name__"]
                self.selectors.append(Selector(name, matchers, counter))
                continue
            position += 1

    def _read_matchers(self, position):
        tokens, matchers = self._tokens, []
        while tokens[position][1] != "}":
            if tokens[position][0] == "name" and tokens[position + 2][0] == "string":
                value = tokens[position + 2][1]
                value = value[1:-1] if value[0] == "`" else re.sub(r"\\(.)", r"\1", value[1:-1])
                matchers.append((tokens[position][1], tokens[position + 1][1], value))
                position += 2
            position += 1
        return position + 1, matchers


def _of_pattern(pattern, variant):
    """A text that the regular expression matches, or none."""
    def one_of(match):
        choices = match[1].split("|")
        return choices[variant % len(choices)]

    text = re.sub(r"\(\?:", "(", pattern)
    for _ in range(4):
        text = re.sub(r"\(([^()]*)\)[?*+]?", one_of, text)
    choices = text.split("|")
    text = choices[variant % len(choices)]
    text = re.sub(r"\[0-9\][+*]?|\\d[+*]?", "7", text)
    text = re.sub(r"\[[^\]]*\][+*?]?", "a", text)
    text = re.sub(r"(?<!\\)\.[*+]", f"w{variant}", text)
    text = re.sub(r"(?<!\\)\.", "0", text)
    text = re.sub(r"\\(.)", r"\1", text).strip("^$")
    for candidate in [text, *_EXAMPLES]:
        if re.fullmatch(pattern, candidate):
            return candidate
    return None


def _labels(selector, extra, variant):
    """The labels of one series that the selector takes, or none when no text was found for a matcher."""
    labels = {"instance": f"host-{variant}:9100", "job": "node"}
    labels.update({label: f"{label}-{variant}" for label in extra})
    labels.pop("le", None)
    unwanted = {}
    for label, operator, value in selector.matchers:
        if operator == "=":
            labels[label] = value
        elif operator == "=~":
            labels[label] = _of_pattern(value, variant)
        else:
            unwanted.setdefault(label, []).append(value if operator == "!~" else re.escape(value))
    for label, patterns in unwanted.items():
        positive = [value for name, operator, value in selector.matchers if name == label and operator == "=~"]
        candidates = [labels.get(label), f"other-{variant}", *_EXAMPLES]
        if positive:
            candidates = [_of_pattern(positive[0], number) for number in range(variant, variant + 8)] + _EXAMPLES
            candidates = [text for text in candidates if text is not None and re.fullmatch(positive[0], text)]
        labels[label] = next((text for text in candidates if text is not None
                              and not any(re.fullmatch(pattern, text) for pattern in patterns)), None)
    if None in labels.values():
        return None
    return {label: value for label, value in labels.items() if value}


def _number(value):
    return repr(int(value)) if float(value).is_integer() else repr(value)


def _gauge(random, numbers, samples):
    thresholds = [number for number in numbers if number < 1e12] or [1.0]
    words, length = ["_"], 1
    while length < samples:
        run = random.randint(2, max(3, samples // 6))
        threshold = random.choice(thresholds)
        value = random.choice([0, 1, threshold, threshold / 2, threshold * 2, threshold + 1, threshold - 1, -1])
        kind = random.random()
        if kind < 0.1:
            words.append(f"_x{run}")
        elif kind < 0.15:
            words.append("stale")
            run = 1
        elif kind < 0.35:
            words.append(f"{_number(value)}{random.choice('+-')}{random.choice(['0.5', '1', '4', '64'])}x{run - 1}")
        else:
            words.append(f"{_number(value)}x{run - 1}")
        length += run
    return words


def _counter(random, numbers, samples, factor):
    steps = [0, 0, 1, 40, 5000]
    for number in numbers:
        if number < 1e9:
            steps += [max(1, round(number * INTERVAL * share)) for share in (0.5, 1.5, 6)]
    # It has gaps and is far from 0, or begins there again and has none: of a counter whose start may lie within the gap
    # before a window Prometheus 3 assumes less than 2.
    gaps = random.random() < 0.5
    words, length, value = ["_"], 1, 10**15 if gaps else 0
    while length < samples:
        run = random.randint(2, max(3, samples // 6))
        unusual = random.random() < 0.15
        if unusual and gaps:
            words.append(f"_x{run}")
        else:
            if unusual:
                value = 0
            step = random.choice(steps) * factor
            words.append(f"{value}+{step}x{run - 1}")
            value += step * run
        length += run
    return words


def _text(name, labels):
    def quoted(value):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return name + "{" + ", ".join(f"{label}={quoted(value)}" for label, value in sorted(labels.items())) + "}"


def make_series(random, expressions, template_labels, variants, seconds):
    """The `input_series` of a unit test: for every selector of the expressions `variants` series with samples for so
    many seconds."""
    samples = int(seconds / INTERVAL)
    series = {}
    for expression in expressions:
        extra = sorted((expression.labels | set(template_labels)) - {"__name__", "alertname", "alertstate", "value"})
        for selector in expression.selectors:
            if not selector.name or selector.name.startswith("ALERTS"):
                continue
            for variant in range(variants):
                labels = _labels(selector, extra, variant)
                if labels is None:
                    continue
                if selector.name.endswith("_bucket"):
                    state = random.getstate()
                    for factor, bound in enumerate(["0.1", "0.5", "1", "10", "+Inf"], start=1):
                        random.setstate(state)  # the same course for all, so that they add up
                        words = _counter(random, expression.numbers, samples, factor)
                        series.setdefault(_text(selector.name, labels | {"le": bound}), words)
                elif selector.counter:
                    series.setdefault(_text(selector.name, labels), _counter(random, expression.numbers, samples, 1))
                else:
                    series.setdefault(_text(selector.name, labels), _gauge(random, expression.numbers, samples))
    return [{"series": name, "values": " ".join(words)} for name, words in series.items()]
