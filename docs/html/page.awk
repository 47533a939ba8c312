# SPDX-License-Identifier: MIT
# A page of Markdown as Doxygen wants it. Headings get labels by the rule that GitHub makes their names by, and links lead to
# them, to pages, to the reference or to the examples. Links to other files of the tree become plain text.
#
# Variables: ROOT is the tree, PAGES the pages' paths in it, HEADERS the paths of headers whose calls are known.

# What a page is called: its path without folders, or its folder's name.
function page_of(path) {
    sub(/\/README\.md$/, ".md", path)
    sub(/^.*\//, "", path)
    sub(/\.md$/, "", path)
    path = tolower(path)
    gsub(/[^a-z0-9]/, "_", path)
    return "page_" path
}

function label_of(page, heading) {
    heading = tolower(heading)
    gsub(/`/, "", heading)
    gsub(/[^a-z0-9 _-]/, "", heading)
    gsub(/[ -]/, "_", heading)
    return page "__" heading
}

# A path in the tree, of one that begins in this page's folder.
function resolved(path) {
    path = folder path
    while (sub(/[^\/]+\/\.\.\//, "", path))
        ;
    return path
}

# Where a link leads to on the web pages; empty if nowhere.
function place_of(target,    anchor, at, path, name) {
    if (target ~ /^https?:/)
        return target
    at = index(target, "#")
    anchor = at > 0 ? substr(target, at + 1) : ""
    path = at == 1 ? here : resolved(at > 0 ? substr(target, 1, at - 1) : target)
    if (path in pages) {
        name = pages[path]
        return (name == "page_landing" ? "index" : name) ".html" (anchor != "" ? "#" label_of(name, anchor) : "")
    }
    if (path == "include/threading.h")
        return "group__manual.html"
    if (path ~ /^examples\/?$/)
        return "examples.html"
    if (path ~ /^examples\/[a-z_]*\.c$/) {
        sub(/^.*\//, "", path)
        sub(/\.c$/, "_8c-example.html", path)
        return path
    }
    return ""
}

# The pages that are listed in docs/ are parts of that page.
function link_to(name, target,    path) {
    path = resolved(target)
    if (here == "docs/README.md" && path in pages && !(path in listed)) {
        listed[path] = 1
        gsub(/`/, "", name)
        return "@subpage " pages[path] " \"" name "\""
    }
    path = place_of(target)
    return path == "" ? name : "[" name "](" path ")"
}

# A picture opens by itself when it is touched: on a phone it is small.
function picture(name, target) {
    sub(/^.*\//, "", target)
    gsub(/"/, "\\&quot;", name)
    return "@htmlonly <span class=\"picture\"><a href=\"" target "\"><img src=\"" target "\" alt=\"" name "\"/></a></span> @endhtmlonly"
}

function with_links(text,    done, link, name, target, middle, is_image) {
    while (match(text, /\[[^]]*\]\([^) ]*\)/)) {
        link = substr(text, RSTART, RLENGTH)
        is_image = RSTART > 1 && substr(text, RSTART - 1, 1) == "!"
        middle = index(link, "](")
        name = substr(link, 2, middle - 2)
        gsub(/\n/, " ", name) # Doxygen takes the end of a line for the end of the link
        target = substr(link, middle + 2, length(link) - middle - 2)
        done = done substr(text, 1, RSTART - 1 - is_image) (is_image ? picture(name, target) : link_to(name, target))
        text = substr(text, RSTART + RLENGTH)
    }
    return done text
}

# Doxygen knows a function by its parentheses, in code too.
function with_calls(text,    done) {
    while (match(text, /`threading_[a-z_]*[a-z]`/)) {
        done = done substr(text, 1, RSTART + RLENGTH - 2)
        if (substr(text, RSTART + 1, RLENGTH - 2) in calls)
            done = done "()"
        done = done "`"
        text = substr(text, RSTART + RLENGTH)
    }
    return done text
}

function read_calls(header,    text) {
    while ((getline text < header) > 0)
        while (match(text, /threading_[a-z_]*[a-z]\(/)) {
            calls[substr(text, RSTART, RLENGTH - 1)] = 1
            text = substr(text, RSTART + RLENGTH)
        }
    close(header)
}

# The README's first table, as the guides have C beside Python.
function copy_programs(    text, in_table) {
    while ((getline text < (ROOT "/README.md")) > 0)
        if (text ~ /^<table><tr><td>/) {
            in_table = 1
            print "<div class=\"pair\">"
        } else if (in_table && text ~ /^<\/td><\/tr><\/table>/) {
            print "</div>"
            break
        } else if (in_table && text !~ /^<\/td><td>/)
            print text
    close(ROOT "/README.md")
}

NR == 1 {
    for (i = split(PAGES, list, " "); i > 0; i--)
        pages[list[i]] = page_of(list[i])
    pages["README.md"] = "page_readme" # not its folder's
    for (i = split(HEADERS, list, " "); i > 0; i--)
        read_calls(ROOT "/" list[i])
    here = substr(FILENAME, length(ROOT) + 2)
    folder = here
    sub(/[^\/]*$/, "", folder)
    page = pages[here]
}

# A paragraph is looked at as a whole, since links may go over the end of a line.
function flush() {
    if (paragraph != "")
        printf "%s", with_links(with_calls(paragraph))
    paragraph = ""
}

/^```/ {
    flush()
    in_code = !in_code
}

in_code || /^```/ {
    sub(/^```output$/, "```text")
    print
    next
}

/^<!-- the two programs of the README -->/ {
    flush()
    copy_programs()
    next
}

/^#+ / {
    flush()
    heading = $0
    sub(/^#+ /, "", heading)
    if (here == "README.md" && /^# /)
        $0 = "# README"
    print with_links($0) " {#" (/^# / ? page : label_of(page, heading)) "}"
    next
}

{ paragraph = paragraph $0 "\n" }

/^$/ { flush() }

END { flush() }
