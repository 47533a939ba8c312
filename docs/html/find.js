// SPDX-License-Identifier: MIT
// Finds names, pages and headings by any part of them. Doxygen's own search wants the beginning of a name, and all names
// begin with threading_. The entries are Doxygen's (search/all_*.js) and the headings of the pages (search/headings.js).
(function () {
    'use strict';

    const most = 40; // results that are shown
    let entries = null;
    let isLoading = false;
    let chosen = -1;

    function plain(html) {
        const box = document.createElement('textarea');
        box.innerHTML = html.replace(/<[^>]*>/g, '');
        return box.value;
    }

    function load(file, then) {
        const script = document.createElement('script');
        script.src = file;
        script.onload = script.onerror = then;
        document.head.appendChild(script);
    }

    // One file after the other, since each sets the same variable.
    function loadAll(files, take, then) {
        if (files.length === 0)
            return then();
        window.searchData = window.headings = [];
        load(files[0], function () {
            take(window.searchData, window.headings);
            loadAll(files.slice(1), take, then);
        });
    }

    // Doxygen's index has a file for each letter that names begin with.
    function files() {
        const letters = Array.from(window.indexSectionsWithContent ? window.indexSectionsWithContent[0] : '');
        return letters.map((letter, at) => 'search/all_' + at.toString(16) + '.js').concat('search/headings.js');
    }

    // What is looked at: a title without its number, a name without what all names begin with.
    function keyOf(text) {
        return text.toLowerCase().replace(/^threading_|^[0-9]+ (?=.)|\(\)$/g, '');
    }

    // Pages come before names, and those before headings.
    function rankOf(entry, isHeading) {
        return isHeading ? 0.5 : entry.link.includes('#') ? 0.2 : 0;
    }

    function prepare(then) {
        const found = new Map(); // by address: Doxygen has a page once for each word of its title
        const add = function (text, link, isHeading) {
            const entry = { text: plain(text), link: link };
            entry.key = keyOf(entry.text);
            entry.rank = rankOf(entry, isHeading);
            found.set(link, entry);
        };
        if (isLoading)
            return;
        isLoading = true;
        loadAll(files(), function (names, headings) {
            for (const [, [name, ...places]] of names)
                for (const [link] of places)
                    add(name, link.replace(/^\.\.\//, ''), false);
            for (const [title, link] of headings)
                add(title, link, link.includes('#'));
        }, function () {
            entries = Array.from(found.values());
            for (const entry of entries) {
                const page = found.get(entry.link.replace(/#.*/, ''));
                entry.where = page && page !== entry ? page.text : '';
            }
            then();
        });
    }

    // How far from what was asked: less than 1 is the very name. Less than 0: it is not in there.
    function distance(entry, words) {
        let sum = entry.rank;
        for (const word of words) {
            const at = entry.key.indexOf(word);
            if (at < 0)
                return -1;
            sum += entry.key === word ? 0 : at === 0 ? 1 : /[a-z0-9]/.test(entry.key[at - 1]) ? 3 : 1.2;
        }
        return sum;
    }

    function matches(text) {
        const words = text.toLowerCase().replace(/threading_(?=.)/g, '').split(/[\s()]+/).filter(word => word);
        if (words.length === 0)
            return [];
        return entries.map(entry => ({ entry: entry, far: distance(entry, words) }))
            .filter(match => match.far >= 0)
            .sort((a, b) => a.far - b.far || a.entry.text.length - b.entry.text.length)
            .slice(0, most)
            .map(match => match.entry);
    }

    function panel() {
        let box = document.getElementById('found');
        if (!box) {
            box = document.createElement('div');
            box.id = 'found';
            box.setAttribute('role', 'listbox');
            document.getElementById('top').appendChild(box);
        }
        return box;
    }

    function close() {
        panel().replaceChildren();
        chosen = -1;
    }

    function line(entry) {
        const link = document.createElement('a');
        link.href = entry.link;
        const name = document.createElement('span');
        name.textContent = entry.text;
        const where = document.createElement('small');
        where.textContent = entry.where;
        link.append(name, where);
        return link;
    }

    function show(text) {
        if (!entries)
            return prepare(() => show(document.getElementById('MSearchField').value));
        const found = matches(text);
        panel().replaceChildren(...found.map(line));
        chosen = -1;
        if (found.length === 0 && text.trim() !== '')
            panel().textContent = 'Nothing found';
    }

    function choose(step) {
        const links = panel().querySelectorAll('a');
        if (links.length === 0)
            return;
        chosen = (Math.max(chosen, step < 0 ? 0 : -1) + step + links.length) % links.length;
        links.forEach((link, at) => link.classList.toggle('chosen', at === chosen));
        links[chosen].scrollIntoView({ block: 'nearest' });
    }

    function open() {
        const link = panel().querySelectorAll('a')[Math.max(chosen, 0)];
        if (link)
            location.href = link.href;
        close();
    }

    const keys = { ArrowDown: () => choose(1), ArrowUp: () => choose(-1), Enter: open, Escape: close };

    function inField(event) {
        return event.target.id === 'MSearchField';
    }

    document.addEventListener('input', event => {
        if (inField(event))
            show(event.target.value);
    });
    document.addEventListener('keydown', event => {
        if (inField(event) && keys[event.key]) {
            keys[event.key]();
            event.preventDefault();
        } else if (event.key === '/' && !/INPUT|TEXTAREA/.test(event.target.tagName)) {
            document.getElementById('MSearchField').focus();
            event.preventDefault();
        }
    });
    document.addEventListener('click', event => {
        if (!inField(event))
            close();
    });
    // Doxygen's own answer stays closed.
    window.addEventListener('load', function () {
        if (window.searchBox)
            window.searchBox.OnSearchFieldChange = window.searchBox.OnSearchSelectShow = () => false;
    });
})();
