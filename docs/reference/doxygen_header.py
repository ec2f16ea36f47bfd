#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints a public header with comments that Doxygen takes for documentation; Doxygen's input filter.

Usage: doxygen_header.py HEADER

gradstep.h has plain comments. One on lines of its own describes the declarations after it, up to the
next blank line or comment. One behind a declaration describes that declaration. A line of dashes
with a title begins a section. The C++ headers have Doxygen's comments already, but for the first.
"""
import pathlib
import re
import sys

SECTION = re.compile(r"/\* ---- (.+?) -+ \*/")
TRAILING = re.compile(r"^(\s*\S.*?)\s*/\* (.*) \*/$")
CODE_INDENT = 4
# The first words of a paragraph that are its heading: "Life of a call. A call validates ..."
HEADING = re.compile(r"(?!Returns|Fails|Both|See|Infinity)([A-Za-z][\w(), -]{1,30}?)\.(?: (?=\S)|$)")
STRUCT_SIZE = "The size of the struct in the program that calls: sizeof. See “Structs” at gradstep.h."


def body_of(comment_lines):
    """The text of a comment, without its marks."""
    text = "\n".join(comment_lines).strip().removeprefix("/*").removesuffix("*/")
    return [re.sub(r"^\s*\* ?", "", line).rstrip() if i else line.strip()
            for i, line in enumerate(text.split("\n"))]


def escaped(text, names):
    """Text as Doxygen's markup, with links to the header's names."""
    text = re.sub(r"([\\@])", r"\\\1", text)
    text = re.sub(r"<(?=\w)", r"\\<", text)
    text = text.replace("al. ", r"al.\ ")  # no end of a sentence
    return re.sub(r"""(?<![\w#`"])(\w+)(?![\w`]|\.\w)""",
                  lambda m: "#" + m[1] if m[1] in names else m[1], text)


def marked_up(lines, names):
    """The lines of a comment as Doxygen's markup: code between marks, headings of paragraphs bold."""
    result, in_list, in_code, is_first = [], False, False, True
    for line in lines:
        indent = len(line) - len(line.lstrip())
        is_item = line.lstrip().startswith("- ")
        is_code = indent >= CODE_INDENT and not in_list and not is_item
        if is_code != in_code and (is_code or line):
            result.append("@code{.unparsed}" if is_code else "@endcode")
            in_code = is_code
        begins = is_first or not result[-1]
        if in_code:
            result.append(line)
        else:
            words = HEADING.match(line) if begins and result else None
            text = escaped(line, names)
            if words and len(words[1].split()) <= 4:
                text = f"**{words[1]}.** {escaped(line[words.end():], names)}"
            result.append(text)
        in_list = is_item or in_list and indent > 0
        is_first = False
    if in_code:
        result.append("@endcode")
    return result


def comment(lines, first=""):
    return "\n".join(["/** " + first, *lines, "*/"])


class CHeader:
    def __init__(self, text):
        code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        self.names = set(re.findall(r"\b(?:gradstep_|GRADSTEP_)\w+", code))
        self.lines = text.split("\n")
        self.output = []
        self.section = ""  # the identifier of the section that these lines are in

    def take_comment(self, index):
        """The text of the comment that begins on this line, and the index of the line after it."""
        end = index
        while "*/" not in self.lines[end]:
            end += 1
        lines = [b for b in body_of(self.lines[index:end + 1]) if not b.startswith("SPDX")]
        return marked_up(lines, self.names), end + 1

    def lone_comment(self, index):
        """The text of a comment that comes next and has a blank line after it, and the index of
        that line; [] and the same index: there is none."""
        begin = index
        while not self.lines[begin].strip():
            begin += 1
        if self.lines[begin].startswith("/*"):
            text, end = self.take_comment(begin)
            if not self.lines[end].strip():
                return text, end
        return [], index

    def run_from(self, index):
        """The declarations up to a blank line, a comment or a closing brace, each a list of lines."""
        declarations, present = [], []
        while index < len(self.lines):
            line = self.lines[index]
            if not line.strip() or line.strip().startswith(("/*", "}")):
                break
            if line.startswith("#") and not line.startswith("#define"):
                break
            present.append(line)
            index += 1
            code = re.sub(r"/\*.*?\*/", "", line).rstrip()
            if code.endswith((";", "{")) or line.startswith("#define"):
                declarations.append(present)
                present = []
                if code.endswith("{"):
                    break
        return declarations, index

    def end_section(self):
        if self.section:
            self.output.append("/** @} */")
        self.section = ""

    def begin_section(self, title, text):
        """text: that of the comment before the section's first declaration, apart from it."""
        self.end_section()
        self.section = re.sub(r"\W+", "_", title.lower())
        definition = f"@defgroup {self.section} {title}"
        self.output.append(comment(text, definition + "\n") if text else f"/** {definition} */")
        self.output.append("/** @{ */")

    def print_run(self, declarations, text):
        """Every declaration without a comment of its own gets the text before the run."""
        is_named = len(declarations) > 1 and declarations[0][0].startswith("#define") and text
        if is_named:
            title, _, rest = " ".join(text).partition(". ")
            title = title.rstrip(".").replace("#", "")  # no markup in titles
            self.output.append(comment([rest], f"@name {title}\n@{{"))
        for i, declaration in enumerate(declarations):
            own = TRAILING.match(declaration[-1])
            if own:
                declaration = [*declaration[:-1],
                               f"{own[1]} /**< {escaped(own[2], self.names)} */"]
            elif not text and re.fullmatch(r"\s*size_t struct_size;", declaration[0]):
                declaration = [f"{declaration[0]} /**< {STRUCT_SIZE} */"]
            if text and (not own or i == 0 and not is_named):
                self.output.append(comment(text))
            self.output += declaration
        if is_named:
            self.output.append("/** @} */")

    def converted(self):
        index, text, is_first = 0, [], True
        while index < len(self.lines):
            line = self.lines[index]
            section = SECTION.fullmatch(line)
            if line == "#ifdef __cplusplus":
                self.end_section()
            if section:
                text, end = self.lone_comment(index + 1)
                self.begin_section(section[1], text)
                text, index = [], end
            elif line.strip().startswith("/*") and not TRAILING.match(line):
                text, index = self.take_comment(index)
                if is_first:
                    self.output.append(comment(text, "@file"))
                    text, is_first = [], False
                elif not self.lines[index].strip():  # "The next two fields ...": goes on below
                    following, index = self.take_comment(index + 1)
                    text += ["", *following]
            else:
                declarations, end = self.run_from(index)
                if declarations:
                    self.print_run(declarations, text)
                else:
                    end = max(end, index + 1)
                    self.output += self.lines[index:end]
                index, text = end, []
        return "\n".join(self.output)


def converted_cpp(text):
    """The comment at the file's beginning becomes that of the file. Private parts go."""
    lines = text.split("\n")
    end = next(i for i, line in enumerate(lines) if not line.startswith("//"))
    body = [line[2:].removeprefix(" ") for line in lines[:end] if "SPDX" not in line]
    text = "\n".join([comment(marked_up(body, set()), "@file"), *lines[end:]])
    # Doxygen links to private structs, but leaves them out.
    return re.sub(r"\n private:\n.*?(?=\n};)", "", text, flags=re.DOTALL)


def main():
    path = pathlib.Path(sys.argv[1])
    text = path.read_text(encoding="utf-8")
    print(CHeader(text).converted() if path.suffix == ".h" else converted_cpp(text))


if __name__ == "__main__":
    main()
