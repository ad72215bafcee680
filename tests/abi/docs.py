# SPDX-License-Identifier: MIT
"""The documentation agrees with the code.

- Every kind of the tables has a page in docs/derivations, and the pages name only kinds that exist.
- The lists that docs/reference/kinds.c keeps itself name everything that the tables name.
- The header, the manual page and the documents that list the keys of sources have all of the tables.
- Links between documents lead to files and headings that exist, and so do paths of sources in documents and names of
  documents in comments.
"""
import pathlib
import re
import sys

import checks

# heading of a page's list, table, where in it the kinds are, how it writes one
MACRO = r"#define {}\(X\)(.*?)\n\n"
TABLES = [
    ("Layers", "lib/layer/table.c", MACRO.format("LAYERS"), r"X\((\w+)\)"),
    ("Losses", "lib/loss/table.c", MACRO.format("LIKELIHOODS"), r"X\((\w+)\)"),
    ("Adversarial", "lib/loss/adversarial.c", r"gnl_adversarial_names\[\] = \{(.*?)\};", r'"(\w+)",'),
    ("Optimizers", "lib/optim/table.c", MACRO.format("RULES"), r"X\((\w+)\)"),
    ("Schedules", "lib/optim/schedule_table.c", r"gnl_schedule_types\[\] = \{(.*?)\};", r"&(\w+),"),
    ("Posteriors", "lib/latent/table.c", MACRO.format("POSTERIORS"), r"X\((\w+)\)"),
    ("Priors", "lib/latent/table.c", MACRO.format("PRIORS"), r"X\((\w+)\)"),
    ("Terms", "lib/latent/table.c", MACRO.format("TERMS"), r"X\((\w+)\)"),
    ("Bounds", "lib/latent/table.c", MACRO.format("BOUNDS"), r"X\((\w+)\)"),
    ("Treatments", "lib/vae/missing.c", r"gnl_missing_types\[\] = \{(.*?)\};", r"&(\w+),"),
    ("Samplers", "lib/model/sampler/table.c", MACRO.format("SAMPLERS"), r"X\((\w+)\)"),
    ("Penalties", "lib/gan/penalty/table.c", MACRO.format("PENALTIES"), r"X\((\w+)\)"),
    ("Augmentations", "lib/gan/augment/table.c", MACRO.format("AUGMENTATIONS"), r"X\((\w+)\)"),
]
# page of docs/reference, source, where in it the names are, how it writes one
LISTED = [
    ("sources.md", "lib/files/spec.c", r"\bkeys\[\] = \{(.*?)\};", r'\{"(\w+)", KEY_'),
    ("sources.md", "lib/data/transform.c", r"\boptions\[\] = \{(.*?)\};", r"GNL_OPT_\w+\(\w+, (\w+),"),
    ("metrics.md", "examples/genlat/cmd_eval.c", r"\bmetrics\[\] = \{(.*?)\};", r'\{"(\w+)",'),
    ("metrics.md", "include/genlat/metric.h", r"(.*)", r"genlat_status (genlat_metric_\w+)"),
    ("family-vae.md", "lib/vae/architecture.c", r"\boptions\[\] = \{(.*?)\};", r"GNL_OPT_\w+\(\w+, (\w+),"),
    ("family-vae.md", "lib/vae/architecture.c", r"architectures\[\] = \{(.*?)\};", r'\{"(\w+)",'),
    ("family-gan.md", "lib/gan/architecture.c", r"\boptions\[\] = \{(.*?)\};", r"GNL_OPT_\w+\(\w+, (\w+),"),
    ("family-gan.md", "lib/gan/architecture.c", r"architectures\[\] = \{(.*?)\};", r'\{"(\w+)",'),
    ("families.md", "lib/model/config.c", r"\blength_options\[\] = \{(.*?)\};", r"GNL_OPT_\w+\(\w+, (\w+),"),
]
# The keys of sources: source, where in it the names are, how it writes one
KEYS = [
    ("lib/files/spec.c", r"\bkeys\[\] = \{(.*?)\};", r'\{"(\w+)", KEY_'),
    ("lib/data/transform.c", r"\boptions\[\] = \{(.*?)\};", r"GNL_OPT_\w+\(\w+, (\w+),"),
]
# Documents that list the keys: where in it, how it writes one
KEY_LISTS = [
    ("include/genlat/files.h", r"Open a source by one line(.*?)\*/", r"^ \* - .*\b{}="),
    ("docs/genlat.1", r"\n\.Sh DATA(.*?)\n\.Sh ", r"^\.It .*\bCm {} Ns ="),
    ("docs/howto.md", r"\n## Use your own data(.*?)\n## ", r"^\| .*`{}`.* \| .* \|"),
    ("docs/grammar.md", r"\n## Data(.*?)\n## ", r"`{}`"),
]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
MENTION = re.compile(r"docs/[\w./-]*\w")
PATH = re.compile(r"`((?:lib|include|examples|tests|docs)/[\w./-]*\w)`")


def kinds_of(root, table, place, pattern):
    found = re.search(place, (root / table).read_text(), re.S)
    return re.findall(pattern, found.group(1)) if found else []


def covered(root, heading):
    found = {}
    for page in sorted((root / "docs/derivations").glob("*.md")):
        for line in re.findall(rf"^{heading}: (.*)$", page.read_text(), re.M):
            found.update({kind: page.name for kind in re.findall(r"`(\w+)`", line)})
    return found


def check_pages(report, root):
    checked = 0
    for heading, table, place, pattern in TABLES:
        kinds, pages = kinds_of(root, table, place, pattern), covered(root, heading)
        checked += len(kinds)
        if not kinds:
            report.fail(table, "no kinds found")
        for kind in kinds:
            if kind not in pages:
                report.fail(table, f"{kind} has no page in docs/derivations; a line '{heading}: `{kind}`' is expected")
        for kind in sorted(set(pages) - set(kinds)):
            report.fail(f"docs/derivations/{pages[kind]}", f"names {kind}, which is not in {table}")
    return checked


def check_reference(report, root):
    checked = 0
    for page, source, place, pattern in LISTED:
        if not (root / source).exists():
            continue
        names = kinds_of(root, source, place, pattern)
        text = (root / "docs/reference" / page).read_text()
        checked += len(names)
        if not names:
            report.fail(source, "no names found")
        for name in names:
            if not re.search(rf"`{name}(\(\))?`", text):
                report.fail(f"docs/reference/{page}", f"does not list {name} of {source}")
    return checked


def check_keys(report, root):
    """Every key of the tables is in every document that lists keys."""
    checked = 0
    for document, place, pattern in KEY_LISTS:
        found = re.search(place, (root / document).read_text() + "\n## ", re.S)
        text = found.group(1) if found else ""
        for source, keys, name in KEYS:
            for key in kinds_of(root, source, keys, name):
                checked += 1
                if not re.search(pattern.format(key), text, re.M):
                    report.fail(document, f"does not list the key {key} of {source}")
    if not checked:
        report.fail("docs", "no keys of sources found")
    return checked


def anchors(text):
    """Anchors that GitHub gives to the headings."""
    titles = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def check_link(report, root, page, link):
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    where = page.relative_to(root)
    if not target.exists():
        report.fail(where, f"links to {link}, which does not exist")
    elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text()):
        report.fail(where, f"links to {link}, which has no such heading")


def check_text(report, root, page):
    text = page.read_text()
    links = [link for link in LINK.findall(text) if not re.match(r"[a-z]+:", link)]
    for link in links:
        check_link(report, root, page, link)
    for path in PATH.findall(text):
        if not (root / path).exists():
            report.fail(page.relative_to(root), f"names {path}, which does not exist")
    prose = re.sub(r"```.*?```|`[^`\n]*`|^    .*?$", "", text, flags=re.S | re.M)
    if prose.count("$") % 2:
        report.fail(page.relative_to(root), "has a $ that is not closed")
    return len(links)


def documents(root):
    return sorted(root.glob("*.md")) + sorted((root / "docs").rglob("*.md"))


def check_index(report, root):
    index = root / "docs/derivations/README.md"
    listed = set(LINK.findall(index.read_text()))
    for page in sorted(index.parent.glob("*.md")):
        if page != index and page.name not in listed:
            report.fail(index.relative_to(root), f"does not list {page.name}")


def check_mentions(report, root):
    for path in checks.sources(root, "include", "lib", "examples"):
        for mention in MENTION.findall(path.read_text()):
            if not (root / mention).exists():
                report.fail(path.relative_to(root), f"names {mention}, which does not exist")


def main():
    root, report = pathlib.Path(sys.argv[1]).resolve(), checks.Report()
    checked = check_pages(report, root) + check_reference(report, root) + check_keys(report, root)
    for page in documents(root):
        checked += check_text(report, root, page)
    check_index(report, root)
    check_mentions(report, root)
    report.finish(checked, "kinds and links")


main()
