"""One of two processes: averages gradients that are dense, sparse, or there in one process only."""

import sys
from pathlib import Path

import torch
from torch import distributed

from isoglot.training.processes import join_processes
from isoglot.training.reduction import average_gradients, copy_from_first

distributed.init_process_group("gloo")
processes = join_processes(cpu=True)
number = processes.number
assert (number, processes.count) == (distributed.get_rank(), 2)
given = torch.load(Path(sys.argv[1]) / "gradients.pt", weights_only=True)
parameters = {name: torch.zeros(shape, dtype=dtype) for name, (_, _, shape, dtype) in given.items()}
for name, parameter in parameters.items():
    parameter.grad = given[name][number]
average_gradients(list(parameters.values()))
found = {name: parameter.grad for name, parameter in parameters.items()}
started = torch.full((3,), float(number))
copy_from_first([started])
told = processes.by_first(lambda: f"from {number}")
try:
    processes.by_first(lambda: [][number])
except IndexError as error:
    failed = str(error)
torch.save(
    {"gradients": found, "started": started, "told": [told, failed]}, Path(sys.argv[1]) / f"{number}.pt"
)
distributed.destroy_process_group()
