"""SQL over spans and logs: one SELECT, checked and run by DuckDB in a process of its own.

`engine` asks, `process` starts the process (`child`), which first answers which columns the statement names (`check`);
then `read` gets those from the store, and the process makes tables of them (`arrays`) and runs the statement. DuckDB is
loaded there and nowhere else. What can be asked: docs/reference/sql.md.
"""
