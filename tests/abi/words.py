# SPDX-License-Identifier: MIT
"""The English of the tree: words that are not used, the width of lines, and the length of sentences.

- Words: no text file contains one of FORBIDDEN.
- Width: no line of a document, C file, header, Python file or shell script has more than 120 columns. EXCEPTIONS lists
  the kinds of lines that may be longer.
- Sentences: in a document the median sentence has at most 18 words, and no sentence has more than 40. Documents are
  Markdown and manual pages. Code blocks, headings, labels and displayed formulas are left out. List items and table
  cells may have up to 40 words but do not count for the median. Inline code, an inline formula and a link are one word
  each.

usage: words.py ROOT [PATH...]      (files or folders below ROOT; default: DEFAULT)
"""
import pathlib
import re
import statistics
import sys

import checks

DEFAULT = ["include", "lib", "examples", "tests", "docs", "README.md", "CHANGELOG.md"]
WIDTH, MEDIAN, LONGEST, FRAGMENT = 120, 18, 40, 4
WIDE = (".md", ".1", ".c", ".h", ".cpp", ".py", ".sh")
DOCUMENTS = (".md", ".1")

# Regular expressions, each in two pieces, so that this file does not contain what it looks for.
FORBIDDEN = [
    "ro" "oms?", "hou" "ses?", "gue" "sts?", "ho" "sts?", "tram" "pled", "len" "ders?", "lend" "_grads",
    "keep" "sakes?", "de" "sks?", "(?:un)?ve" "il(?:s|ed)?", "tw" "ins?", "re" "made", "to" "ld", "jud" "ge[sd]?",
    "rec" "ipes?", "go" "_back", "penalty" "_near", "check" "_whole",
]
# Where a forbidden word is the term of another field: hosts of a network, a variable of meson.
ALLOWED = re.compile(r"network ho" r"sts?|ho" r"sts? of a network|ho" r"st_machine", re.I)
WORD = re.compile(rf"(?<![a-z])(?:{'|'.join(FORBIDDEN)})(?![a-z])", re.I)

# Kinds of Markdown lines that have no place for a line break, and their patterns.
EXCEPTIONS = {
    "table row": re.compile(r"\s*\|.*"),
    "address": re.compile(r"\s*(?:[-*] )?\S*(?:\]\(\S+\)|\w+://)\S*"),
    "formula": re.compile(r"\s*(?:[-*] )?\$[^$]*\$[.,;:]?"),
}


# ---- files

def files(root, places):
    """Text files below places, sorted: (path, text)."""
    for place in places:
        top = root / place
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts:
                data = path.read_bytes()
                try:
                    text = data.decode()
                except UnicodeDecodeError:
                    continue
                if "\0" not in text:
                    yield path, text


def check_words(report, where, text):
    for number, line in enumerate(text.split("\n"), 1):
        for word in sorted({match.lower() for match in WORD.findall(ALLOWED.sub("", line))}):
            report.fail(f"{where}:{number}", f"the word '{word}' is not used here")


def is_exception(path, line):
    return path.suffix == ".md" and any(pattern.fullmatch(line) for pattern in EXCEPTIONS.values())


def check_width(report, where, path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > WIDTH and not is_exception(path, line):
            report.fail(f"{where}:{number}", f"has {len(line)} columns, at most {WIDTH} expected")


# ---- sentences

CODE, FORMULA = "\ue000", "\ue001"  # stand for inline code and for a formula, a word each
INITIAL = r"\b[A-Z]\.(?: ?-?[A-Z]\.)*"
ABBREVIATION = re.compile(rf"{INITIAL}|\b(?:e\.g|i\.e|et al|cf|vs|Fig|No|pp)\.")
END = re.compile(rf"(?<=[.?!])[\"')]*\s+(?=[\"'(]*[A-Z0-9{CODE}{FORMULA}])")


def plain(text):
    """Markdown without its marks."""
    text = re.sub(r"`[^`]*`", CODE, text)
    text = re.sub(r"\$[^$]*\$", FORMULA, text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", lambda match: re.sub(r"\s+", "-", match.group(1)) or "link", text)
    return re.sub(r"\*\*|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)", "", text)


def sentences(text):
    """Sentences of a paragraph. A paragraph that does not end like one is a label and has none."""
    text = ABBREVIATION.sub(lambda match: match.group(0).replace(".", "\ue002"), " ".join(plain(text).split()))
    if not re.search(r"[.?!:;,][\"')]*$", text):
        return []
    return [part.replace("\ue002", ".") for part in END.split(text)]


def words(sentence):
    return sum(bool(re.search(rf"[\w{CODE}{FORMULA}]", token)) for token in sentence.split())


def displayed(text):
    """Puts one word in the place of each displayed formula; a sentence goes on after it in lower case only."""
    def replace(match):
        goes_on = re.match(r"\s*[a-z]", text[match.end():]) and not match.group(1).rstrip().endswith(".")
        lines = "\n" * match.group(0).count("\n")
        return f" {FORMULA}{lines.replace(chr(10), ' ')}" if goes_on else f" {FORMULA}.{lines}\n"
    return re.sub(r"\s*\$\$(.*?)\$\$\s*", replace, text, flags=re.S)


def markdown(text):
    """[(counts for the median, paragraph)]"""
    text = re.sub(r"^```.*?^```$|<!--.*?-->", "", text, flags=re.S | re.M)
    found, current, apart, after_blank = [], [], False, True

    def close():
        nonlocal current, apart
        if current:
            found.append((not apart, " ".join(current)))
        current, apart = [], False

    for line in displayed(text).split("\n"):
        item = re.match(r"\s*(?:[-*]|\d+\.) +(.*)", line)
        if not line.strip() or line.startswith("#"):
            close()
        elif line.lstrip().startswith("|"):
            close()
            found += [(False, cell.strip()) for cell in re.split(r"(?<!\\)\|", line)]
        elif item:
            close()
            current, apart = [item.group(1)], True
        elif current or not (after_blank and line.startswith("    ")):
            current.append(line.strip())
        after_blank = not line.strip()
    close()
    return found


def manual(text):
    """The same of a page written in mdoc."""
    found, current, literal, synopsis = [], [], False, False
    for line in text.split("\n"):
        macro = re.match(r"\.(\w+) ?(.*)", line)
        name, rest = macro.groups() if macro else ("", line)
        if name == "Bd":
            literal = True
        elif name == "Ed":
            literal = False
        elif name == "Sh":
            synopsis = rest in ("NAME", "SYNOPSIS")
        if name in ("Bd", "Bl", "El", "It", "Pp", "Sh", "Ss", "Xc", "Xo"):
            found, current = found + [(True, " ".join(current))], []
        elif not literal and not synopsis and not line.startswith('.\\"'):
            rest = re.sub(r"\b(?:Ar|Cm|Dv|Em|Fl|Ns|Op|Pa|Po|Pc|Pq|Ql|Sx|Vt|Xr)\b ?", "", rest)
            rest = re.sub(r" +([.,;:)])", r"\1", rest)
            current.append("genlat" if name == "Nm" and not rest else rest)
            if re.search(r"[.?!]$", rest):  # a sentence of a manual page starts on a new line
                found, current = found + [(True, " ".join(current))], []
    return found + [(True, " ".join(current))]


def check_sentences(report, where, path, text):
    lengths = []
    for counts, paragraph in manual(text) if path.suffix == ".1" else markdown(text):
        for sentence in sentences(paragraph):
            length = words(sentence)
            if length > LONGEST:
                start = sentence.replace(CODE, "`...`").replace(FORMULA, "$...$")[:60]
                report.fail(where, f"a sentence has {length} words, at most {LONGEST} expected: '{start}...'")
            if counts and length >= FRAGMENT:
                lengths.append(length)
    if lengths and statistics.median(lengths) > MEDIAN:
        report.fail(where, f"the median sentence has {statistics.median(lengths):g} words, at most {MEDIAN} expected")


def main():
    root, report, looked_at = pathlib.Path(sys.argv[1]), checks.Report(), 0
    for path, text in files(root, sys.argv[2:] or DEFAULT):
        where = path.relative_to(root)
        looked_at += 1
        check_words(report, where, text)
        if path.suffix in WIDE:
            check_width(report, where, path, text)
        if path.suffix in DOCUMENTS:
            check_sentences(report, where, path, text)
    report.finish(looked_at, "files")


main()
