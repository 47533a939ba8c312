# SPDX-License-Identifier: MIT
# threading.h as Doxygen wants it. The header is written to be read as it is; what Doxygen needs besides is added here: a
# group for each section, marks around tables, headings in the comments, ends of what is no part of the interface. Lines
# stay where they are, so that warnings name the right ones.

{ line[NR] = $0 }

# "n  Title   what it is about", in the list of contents
function read_contents(i,    text, n) {
    for (i = 1; i <= NR && line[i] !~ /^ \* -+$/; i++)
        if (line[i] ~ /^ \* +[0-9]+  [A-Z]/) {
            text = line[i]
            sub(/^ \* +/, "", text)
            n = text + 0
            sub(/^[0-9]+ +/, "", text)
            match(text, /   *[^ ]/)
            about[n] = substr(text, RSTART + RLENGTH - 1)
            gsub(/,/, "\\,", about[n])
            about[n] = toupper(substr(about[n], 1, 1)) substr(about[n], 2) "."
            name[n] = n " " substr(text, 1, RSTART - 1)
        }
}

# The statuses are made by a macro, out of a list.
function read_statuses(i,    text) {
    for (i = 1; i <= NR; i++)
        if (line[i] ~ /^    X\([A-Z_]+, "/) {
            text = line[i]
            sub(/^    X\(/, "THREADING_", text)
            linked[substr(text, 1, index(text, ",") - 1)] = 1
            sub(/, "/, ", /**< ", text)
            sub(/"\).*/, " */", text)
            statuses = statuses " " text
        }
}

# A paragraph of a section's comment, lines i to j, is a table if a line of it has several blanks between words.
function is_table(i, j) {
    if (line[i] ~ /^ \*     /)
        return 0 # an example
    for (; i <= j; i++)
        if (line[i] ~ /[^ *]   +[^ ]/)
            return 1
    return 0
}

# A link to a section; the last one, Private, is none.
function step_to(n, mark) {
    if (!(n in name) || !((n + 1) in name))
        return ""
    return "<a class=\"" mark "\" href=\"group__section__" sprintf("%02d", n) ".html\">" name[n] "</a>"
}

# What Doxygen shall have at the end of a section's comment: its picture, and the way to its neighbours.
function end_of_section(n,    title) {
    title = name[n]
    sub(/^[0-9]+ /, "", title)
    return " @htmlonly " (title in picture ? "<span class=\"picture\"><a href=\"" picture[title] "\"><img src=\"" \
        picture[title] "\" alt=\"" "The states of a " tolower(title) "\"/></a></span>" : "") \
        "<span class=\"steps\">" step_to(n - 1, "before") step_to(n + 1, "after") "</span> @endhtmlonly"
}

# A section begins in line i, whose number and title are in the next one. It is a group until the next section.
function begin_section(i, before,    n, title) {
    title = line[i + 1]
    sub(/^ \* /, "", title)
    n = title + 0
    sub(/^[0-9]+ /, "", title)
    line[i] = before "/** @defgroup section_" sprintf("%02d", n) " " n " " title
    line[i + 1] = " * @about{" about[n] "}"
    for (i += 2; line[i] != " */"; i++) {
        if (line[i] == " *")
            continue
        first = i
        while (line[i + 1] != " *" && line[i + 1] != " */")
            i++
        if (is_table(first, i)) {
            line[first - 1] = line[first - 1] " @verbatim"
            match(line[first], /^ \* */)
            width = RLENGTH
            for (j = first; j <= i; j++)
                line[j] = substr(line[j], width + 1)
            line[i] = line[i] " @endverbatim"
        }
    }
    line[i] = " *" end_of_section(n) " @{ */"
}

# Private fields begin at a comment that says so and end with their struct. The number of the last line.
function hide_fields(i) {
    line[i] = "/** @cond */" line[i]
    while (line[i] !~ /^} threading_/)
        i++
    line[i] = "/** @endcond */ " line[i]
    return i
}

# Examples are set in by four blanks more, after an empty line.
function mark_examples(i) {
    for (i = 2; i <= NR; i++)
        if (line[i] ~ /^ \*     / && (line[i - 1] == " *" || example[i - 1]))
            example[i] = 1
}

# Statuses and the constants for times become links.
function with_references(text,    done, name) {
    while (match(text, /THREADING_[A-Z_]+/)) {
        name = substr(text, RSTART, RLENGTH)
        done = done substr(text, 1, RSTART - 1) (name in linked && substr(text, RSTART - 1, 1) != "\"" ? "#" : "") name
        text = substr(text, RSTART + RLENGTH)
    }
    return done text
}

# What a macro is made of. Its name and parameters are all that concerns users.
function hide_body(i,    more) {
    do {
        more = line[i] ~ /\\$/
        line[i] = line[i] ~ /^#define/ ? substr(line[i], 1, index(line[i], ")")) : ""
        i++
    } while (more)
}

# A macro that others are made of.
function hide_macro(i) {
    line[i - 1] = "/** @cond */"
    while (line[i] ~ /\\$/)
        i++
    line[i + 1] = "/** @endcond */ " line[i + 1]
}

END {
    picture["Thread"] = "thread-states.svg"
    picture["Future"] = "future-states.svg"
    linked["THREADING_FOREVER"] = linked["THREADING_TIMEOUT_MAX"] = 1
    read_contents()
    read_statuses()
    mark_examples()
    for (i = 1; i <= NR; i++) {
        if (line[i] ~ /^ \* -+$/)
            begin_section(i, " */ ")
        else if (line[i] ~ /^\/\* -+$/ && line[i + 1] ~ /^ \* [0-9]+ Private/)
            line[i] = "/** @} */ /** @cond */ /*"
        else if (line[i] ~ /^\/\* -+$/ && line[i + 1] ~ /^ \* [0-9]+ /)
            begin_section(i, "/** @} */ ")
        else if (line[i] ~ /^#endif \/\* THREADING_H/)
            line[i] = "/** @endcond */"
        else if (line[i + 1] ~ /^#if defined\(THREADING_SHARED\)/) # the attributes
            line[i] = "/** @cond */"
        else if (line[i + 2] ~ /^extern "C" \{/)
            line[i] = "/** @endcond */"
        else if (line[i] ~ /\/\* private/)
            i = hide_fields(i)
        else if (line[i] ~ /^#define THREADING_SOURCE_\(/)
            hide_macro(i)
        else if (line[i] ~ /^#define THREADING_(WITH|SOURCE)_[A-Z_]+\(/)
            hide_body(i)
        else if (line[i] ~ /^#(define|undef) THREADING_STATUS_ENUMERATOR/)
            line[i] = ""
        else if (line[i] ~ /^ +THREADING_STATUS_LIST/)
            line[i] = statuses
        if (line[i] ~ /^( \*|\/\*\*) / && !example[i])
            line[i] = with_references(line[i])
        sub(/^ \* Ordering: /, " * @ordering ", line[i])
        sub(/^ \* Callable: /, " * @callable ", line[i])
        sub(/^ \* Does not return\.$/, " * @neverreturns", line[i])
    }
    for (i = 1; i <= NR; i++)
        print line[i]
}
