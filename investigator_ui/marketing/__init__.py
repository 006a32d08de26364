"""The marketer's pages. A new page is one module here, its words in texts/, and one line in `pages.PAGES`:

1. `question`, a frozen dataclass (`config=ANSWER`): what the address asks. `parse(path, query)` makes it, leniently, or answers None where
   the address is another page's. `lang` and `asOf` are read for you.
2. `answer`, a frozen dataclass: what the page shows. `load(user, question, moment)` makes it with `user.run(DOCUMENT, **variables)`, where
   DOCUMENT is GraphQL with one named operation and `moment` the end of the as-of day or None; `client.read(Type, data)` types what comes back.
   All documents go into a `DOCUMENTS`, by name, and that into `pages.DOCUMENTS`: a test holds them against the API's schema.
3. `draw(question, answer, look)` makes the component: begin with `parts.page_shell`. Fields that people type into come from `forms.field`,
   never from Dash; `forms.form(action, …)` sends its fields, `forms.act(action, …)` is a button (with `confirm=` it asks first),
   `forms.download(name, …)` fetches a file, `forms.link(path, …)` leads to another address, `forms.progress(…)` polls long work.
4. `actions[name]` takes a `Call` (user, question, values, look) and returns an `Outcome`: a message, another address, `reload`, `parts` to
   put into elements of the page by their id, `problems` at fields, values for the page's own script. A refusal of the API may simply be
   raised: it is shown in the form; `at={code: field}` of the page puts it at a field.
5. `downloads[name]` takes the same `Call` and says which request to the API answers with the file (`Download`).
A table of more than some twenty rows goes through `panels.inert.inert`: so many of Dash's components freeze the page.
Words are named after the page (`segments.…`); those for scripts have `.script.` in their key and are said by `Guanxi.say`. A page's own script
hooks in by `Guanxi.market.on("segments", (root) => …)`, which runs after each drawing, and asks by `Guanxi.market.ask(action, values)`."""
