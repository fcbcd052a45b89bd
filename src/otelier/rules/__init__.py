"""Rules and alerts: rule files, their evaluation, and who is told. Runs where queries are answered; knows no HTTP API.

`service.RuleService` is all of it put together; `files` reads rules, `schedule.Rules` evaluates them.
"""
