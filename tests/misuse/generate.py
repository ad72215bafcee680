# SPDX-License-Identifier: MIT
"""Writes the C table of invalid calls: every exported function, each of its arguments invalid in turn, the others
valid.

usage: generate.py ROOT OUTPUT.c MAP...

NULL pointers must be refused with GENLAT_E_INVALID, unless the @param of the argument mentions NULL. Numbers become
negative, huge or not finite: such calls may fail, but never crash. An error message begins with the name of the
function, and *out is NULL after an error. An unknown type is an error of this program, so that new functions are not
forgotten."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(sys.argv[1]) / "tests/abi"))
import checks  # noqa: E402

TEXTS = {  # valid text arguments: by function and name, else by name
    ("genlat_layer_new", "spec"): "relu", ("genlat_loss_new", "spec"): "bernoulli",
    ("genlat_optim_from_text", "spec"): "adam lr=0.1", ("genlat_schedule_new", "spec"): "constant value=1",
    ("genlat_files_open", "spec"): "ring?n=16", ("genlat_files_open_like", "spec"): "ring?n=16",
    ("genlat_files_open_as", "spec"): "ring?n=16", ("genlat_files_open_as", "keys"): "label=x",
    ("genlat_layer_help", "kind"): "dense", ("genlat_loss_help", "kind"): "bernoulli",
    ("genlat_optim_help", "kind"): "adam", ("genlat_schedule_help", "kind"): "constant",
    ("genlat_source_synthetic", "name"): "ring", ("genlat_files_key", "kind"): "csv",
    ("genlat_net_weight", "name"): "0.weight", ("genlat_net_grad", "name"): "0.weight",
    ("genlat_transform_opts_set", "key"): "limit", ("genlat_train_opts_set", "key"): "epochs",
    ("genlat_net_freeze", "prefix"): "0.", ("genlat_net_builder_output", "names"): "x",
    "value": "1", "path": "/nonexistent/folder/file",
    ("genlat_model_builder_new", "family"): "vae", ("genlat_model_preset", "family"): "vae",
    ("genlat_model_builder_preset", "name"): "mlp", ("genlat_model_builder_set", "key"): "epochs",
    ("genlat_model_builder_set_int", "key"): "epochs", ("genlat_model_builder_set_real", "key"): "beta",
    ("genlat_model_builder_get", "key"): "epochs", ("genlat_model_freeze", "prefix"): "encoder", "part": "encoder",
    ("genlat_vae_optimizer", "text"): "adam lr=0.1", ("genlat_vae_parameter", "name"): "mean",
    ("genlat_kind_name", "group"): "layers", ("genlat_kind_option", "group"): "layers",
    ("genlat_kind_option", "kind"): "dense", ("genlat_metric_new", "text"): "frechet",
}
INITIALISED = {name for header in checks.public_headers(pathlib.Path(sys.argv[1]))
               for name in re.findall(r"#define genlat_(\w+)_init\(", header.read_text())}
NUMBERS = {"int32_t": ["-1", "INT32_MIN", "INT32_MAX"], "int64_t": ["-1", "INT64_MIN"], "uint32_t": ["UINT32_MAX"],
           "uint64_t": ["UINT64_MAX"], "size_t": ["0"], "double": ["NAN", "-INFINITY"], "float": ["NAN"],
           "genlat_status": ["INT32_MAX"]}
# Structs that the caller fills in; all others are handles.
PLAIN = {name for header in checks.public_headers(pathlib.Path(sys.argv[1]))
         for name in re.findall(r"typedef struct genlat_(\w+)\s*\{", header.read_text())}
BUFFERS = {"char *": "text", "int32_t *": "ints", "int64_t *": "longs", "const int64_t *": "dims",
           "double *": "doubles", "const double *": "doubles", "float *": "floats", "const float *": "floats",
           "const uint8_t *": "bytes", "const void *": "bytes",
           "const char *const *": "names", "const genlat_tensor *const *": "make_tensors()",
           "genlat_source *const *": "make_sources()", "const char **": "&words",
           "const double **": "&curve", "const genlat_tensor **": "&seen", "const void *": "bytes", "void *": "NULL",
           "void **": "&block", "size_t *": "&block_size"}


def parameters(text):
    """(type, name) of each."""
    found = []
    for part in " ".join(text.split()).split(","):
        part = part.strip()
        if part in ("void", "..."):
            continue
        name = re.search(r"(\w+)(\[\])?$", part).group(1)
        kind = part[:part.rindex(name)].strip() + (" *" if part.endswith("[]") else "")
        found.append((re.sub(r"\s*\*", " *", kind).replace("* *", "**").replace("*const*", "*const *").strip(), name))
    return found


class Call:
    """A function with valid arguments."""

    def __init__(self, name, result, params, comment):
        self.name, self.result, self.params = name, result, params
        documented = dict(re.findall(r"@param\s+(\w+)(.*?)(?=@param|@return|Thread-safety:|\Z)", comment, re.S))
        self.null_is_valid = {p for _, p in params
                              if re.search(r"NULL|\bas (for|in|above)\b",
                                           re.sub(r"or NULL on failure", "", documented.get(p, "")))}

    def handle(self, kind):
        return re.fullmatch(r"(?:const )?genlat_(\w+) \*", kind)

    def out(self, kind):
        return re.fullmatch(r"genlat_(\w+) \*\*", kind)

    def family(self):
        """The family of the models and builders that the function accepts."""
        found = re.match(r"genlat_(gan|predictor)_", self.name)
        return found.group(1) if found else "vae"

    def maker(self, thing):
        """An expression for a handle: one that is shared by all calls, or a new builder."""
        if thing == "model":
            return f"make_{self.family()}()"
        if thing == "model_builder":
            return f"fresh_{self.family()}_builder()"
        return f"fresh_{thing}()" if thing.endswith("_builder") else f"make_{thing}()"

    def taken(self, kind, name):
        return self.out(kind) and (self.name.endswith("_destroy") or name == "builder")

    def valid(self, kind, name, lines):
        """A valid expression for an argument; appends the lines needed before the call to `lines`."""
        if self.taken(kind, name):
            thing = self.out(kind).group(1)
            fresh = self.maker(thing) if name == "builder" else "NULL"
            lines.append(f"genlat_{thing} *{name} = {fresh};")
            return f"&{name}"
        if self.out(kind):
            lines.append(f"static genlat_{self.out(kind).group(1)} *{name};")
            lines.append(f"{name} = (void *)&garbage;")
            return f"&{name}"
        if kind == "const char *":
            text = TEXTS.get((self.name, name), TEXTS.get(name, "x"))
            return f'"{text}"'
        if kind in BUFFERS:
            return BUFFERS[kind]
        if kind in NUMBERS:
            special = {"size_t": "sizeof text", "genlat_status": "GENLAT_E_RANGE"}
            return special.get(kind, "0" if name == "index" else "1")
        if self.handle(kind):
            thing = self.handle(kind).group(1)
            if thing in PLAIN and not thing.endswith("_table"):
                storage = f"unsigned char bytes[sizeof(genlat_{thing}) + 64];"
                lines.append(f"static union {{ genlat_{thing} known; {storage} }} {name};")
                lines.append(f"memset(&{name}, 0, sizeof {name});")
                lines.append(f"genlat_{thing}_init(&{name}.known);" if thing in INITIALISED
                             else f"{name}.known.size = sizeof {name}.known;")
                if self.name.endswith("_builder_set_options"):
                    getter = self.name.replace("set_options", "options")
                    lines.append(f'expect("read", {getter}(builder, &{name}.known), GENLAT_OK);')
                return f"&{name}.known"
            if thing.endswith("_table"):
                lines.append(f"static genlat_{thing} {name};")
                return f"&{name}"
            if thing == "layer_plan":  # exists in callbacks only
                return "NULL"
            if thing.endswith("_builder"):
                lines.append(f"genlat_{thing} *{name} = {self.maker(thing)};")
                return name
            return self.maker(thing)
        raise SystemExit(f"{self.name}: generate.py has no valid value of type '{kind}'; add one")

    def invalid(self, kind, name):
        """(description, expression or None, line after the valid value, expected status or MAY_FAIL)"""
        if kind in NUMBERS:
            # Sizes of the caller's memory cannot be checked; genlat_error_set returns its argument.
            trusted = self.name.endswith("_init_sized") or name == "capacity" or self.name == "genlat_error_set"
            for value in [] if trusted else NUMBERS[kind]:
                yield f"{name} = {value}", value, None, "MAY_FAIL"
            return
        valid = name in self.null_is_valid or self.result != "genlat_status"
        yield f"{name} = NULL", "NULL", None, "MAY_FAIL" if valid else "GENLAT_E_INVALID"
        handle = self.handle(kind)
        if handle and handle.group(1).endswith("_opts") and kind.startswith("const "):
            yield f"{name}->size = 0", None, f"{name}.known.size = 0;", "GENLAT_E_INVALID"
            yield (f"{name} with unknown members", None,
                   f"{name}.known.size = sizeof {name}; {name}.bytes[sizeof {name} - 1] = 1;", "GENLAT_E_UNSUPPORTED")
        is_output = handle and handle.group(1) in PLAIN and handle.group(1) not in INITIALISED
        if is_output and not kind.startswith("const ") and self.result == "genlat_status":
            yield f"{name}->size = 0", None, f"{name}.known.size = 0;", "GENLAT_E_INVALID"
        if handle and handle.group(1).endswith("_table"):
            yield f"{name} empty", None, ";", "GENLAT_E_INVALID"

    def body(self, position, value, after, expected):
        lines, arguments = [], []
        for index, (kind, name) in enumerate(self.params):
            expression = self.valid(kind, name, lines)
            if index == position and after:
                lines.append(after)
            arguments.append(value if index == position and value else expression)
        call = f"{self.name}({', '.join(arguments)})"
        own = [(self.handle(kind).group(1), name) for kind, name in self.params
               if self.handle(kind) and self.handle(kind).group(1).endswith("_builder")]
        setter = own and self.result == "void" and position > 0
        if self.result == "genlat_status":
            outs = [name for kind, name in self.params if self.out(kind) and not self.taken(kind, name)]
            skip = self.params[position][1] if value == "NULL" else None
            lines.append(f"genlat_status status = {call};")
            lines.append(f'expect("{self.name}", status, {expected});')
            lines += [f"expect_null(status, {name});" for name in outs if name != skip]
        else:
            lines.append(f"{'' if self.result == 'void' else '(void)'}{call};")
        if setter and self.params[position][1] not in self.null_is_valid:
            thing, name = own[0]
            must = 0 if self.params[position][0] in NUMBERS else 1
            lines.append(f'expect_error_of_{thing}("{self.name}", {name}, {must});')
        else:
            lines += [f"genlat_{thing}_destroy(&{name});" for thing, name in own]
        lines += [f"genlat_{self.out(kind).group(1)}_destroy(&builder);" for kind, name in self.params
                  if name == "builder" and self.taken(kind, name)]
        return lines


def calls(root, maps):
    exported = set()
    for path in maps:
        text = re.sub(r"/\*.*?\*/", "", pathlib.Path(path).read_text(), flags=re.S)
        exported |= set(re.findall(r"\b(genlat_\w+);", text))
    found = []
    for header in checks.public_headers(root):
        text = header.read_text()
        for function in checks.public_functions(header):
            raw = re.search(rf"\b{function.name}\s*\(([^;]*)\)\s*;", text[text.index("GENLAT_API"):]).group(1)
            if function.name in exported:
                raw = re.search(rf"GENLAT_API[^;]*?\b{function.name}\s*\(([^;]*?)\)\s*;", text, re.S).group(1)
                found.append(Call(function.name, function.result, parameters(raw), function.comment))
    missing = exported - {call.name for call in found}
    if missing:
        raise SystemExit(f"exported but not declared in a header: {sorted(missing)}")
    return found


def main():
    root, output, found = pathlib.Path(sys.argv[1]), sys.argv[2], calls(pathlib.Path(sys.argv[1]), sys.argv[3:])
    parts, rows = ["/* Written by generate.py. */", '#include "misuse/makers.h"', ""], []
    for call in found:
        cases = [(position, *case) for position, (kind, name) in enumerate(call.params)
                 for case in call.invalid(kind, name)]
        parts.append(f"static void call_{call.name}(void)\n{{")
        for position, what, value, after, expected in cases:
            parts.append(f"    {{ begin(\"{call.name}: {what}\");")
            parts += [f"      {line}" for line in call.body(position, value, after, expected)]
            parts.append("    }")
        if not cases:
            parts.append(f"    begin(\"{call.name}\");" + (f" (void){call.name}();" if not call.params else ""))
        parts.append("}\n")
        rows.append(f'    {{"{call.name}", call_{call.name}}},')
    parts += ["const misuse_call misuse_calls[] = {", *rows, "};", f"const int misuse_count = {len(rows)};", ""]
    pathlib.Path(output).write_text("\n".join(parts))


main()
