# Each target is an alias of a command of scripts/bootstrap.py, which needs only Python 3.11 or newer.
# ARGS has its arguments: make test ARGS="tests/repository/test_layers.py -x"

COMMANDS := run test setup lint types storm bench steady screenshot check

.PHONY: help $(COMMANDS)

help:
	@python3 scripts/bootstrap.py --help

$(COMMANDS):
	@python3 scripts/bootstrap.py $@ $(ARGS)
