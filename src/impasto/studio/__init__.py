"""The server: an HTTP interface, a page, and a queue of jobs, all on this machine.

A picture's way: `routes.files` takes it in -> `store` keeps it -> `routes.jobs` asks for a job ->
`queue` holds it -> a `worker` process takes it and paints -> `store` keeps the result ->
`routes.results` gives it out. What is done at once goes from `routes.stylize` through `pool` to a
process of `live`, and back.
"""
