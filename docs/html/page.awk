# SPDX-License-Identifier: MIT
# A page of Markdown as Doxygen wants it. Headings get labels by the rule that GitHub makes their names by, and links lead to
# them, to pages, to the reference or to the examples. Links to other files of the tree become plain text.

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

# Where a link leads to on the web pages; empty if nowhere.
function place_of(target,    anchor, at, name) {
    if (target ~ /^https?:/)
        return target
    at = index(target, "#")
    anchor = at > 0 ? substr(target, at + 1) : ""
    if (at > 0)
        target = substr(target, 1, at - 1)
    name = target == "" ? page : page_of(target)
    if (target == "" || target ~ /\.md$/)
        return !(name in pages) ? "" : anchor != "" ? "@ref " label_of(name, anchor) : (page == "page_docs" ? "@subpage " : "@ref ") name
    if (target ~ /include\/threading\.h$/)
        return "@ref manual"
    if (target ~ /examples\/?$/)
        return "examples.html"
    if (target ~ /examples\/[a-z_]*\.c$/) {
        sub(/^.*\//, "", target)
        sub(/\.c$/, "_8c-example.html", target)
        return target
    }
    return ""
}

function with_links(text,    done, link, name, place, middle, is_image) {
    while (match(text, /\[[^]]*\]\([^) ]*\)/)) {
        link = substr(text, RSTART, RLENGTH)
        is_image = RSTART > 1 && substr(text, RSTART - 1, 1) == "!"
        middle = index(link, "](")
        name = substr(link, 2, middle - 2)
        gsub(/\n/, " ", name) # Doxygen takes the end of a line for the end of the link
        place = place_of(substr(link, middle + 2, length(link) - middle - 2))
        done = done substr(text, 1, RSTART - 1) (is_image ? link : place == "" ? name : "[" name "](" place ")")
        text = substr(text, RSTART + RLENGTH)
    }
    return done text
}

# Doxygen knows a function by its parentheses, in code too.
function with_calls(text,    done) {
    while (match(text, /`threading_[a-z_]*[a-z]`/)) {
        done = done substr(text, 1, RSTART + RLENGTH - 2)
        if (done !~ /_t$/)
            done = done "()"
        done = done "`"
        text = substr(text, RSTART + RLENGTH)
    }
    return done text
}

NR == 1 {
    split(PAGES, list, " ")
    for (i in list)
        pages[page_of(list[i])] = 1
    page = page_of(FILENAME)
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

/^#+ / {
    flush()
    heading = $0
    sub(/^#+ /, "", heading)
    print with_links($0) " {#" (/^# / ? page : label_of(page, heading)) "}"
    next
}

{ paragraph = paragraph $0 "\n" }

/^$/ { flush() }

END { flush() }
