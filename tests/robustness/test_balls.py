"""Balls: perturbations stay in them, reach their rim where they should, and spread as is stated."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from isoglot.robustness.attacks import attack
from isoglot.robustness.balls import Balls
from isoglot.training.draws import Address

NORMS = ("l2", "linf")
DRAW = Address((0, 1)).uniform


def points(seed: int, *shape: int, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def lengths(deltas: Tensor, norm: str) -> Tensor:
    flat = deltas.flatten(1)
    return torch.linalg.vector_norm(flat, ord=2 if norm == "l2" else math.inf, dim=1)


def everywhere(content: Tensor) -> Tensor:
    return torch.ones((1,) * content.ndim, dtype=torch.bool)


def check_within(deltas: Tensor, balls: Balls) -> None:
    assert bool((lengths(deltas, balls.norm) <= balls.radii * (1 + 1e-5)).all())
    assert not deltas.masked_select(~balls.own).any()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**30),
    shape=st.sampled_from([(3, 5), (2, 4, 3), (2, 1, 3, 3)]),
    norm=st.sampled_from(NORMS),
    epsilon=st.floats(0, 100),
    scale=st.sampled_from([0.0, 1e-8, 1.0, 1e6]),
    steepness=st.sampled_from([1e-35, 1e-20, 1.0, 1e20]),
    steps=st.integers(1, 4),
    step_share=st.floats(0.01, 5),
)
def test_no_perturbation_leaves_its_ball(
    seed, shape, norm, epsilon, scale, steepness, steps, step_share
) -> None:
    centres = points(seed, *shape, scale=scale)
    own = points(seed + 1, *shape) > -0.5
    balls = Balls.around(centres, own, epsilon=epsilon, norm=norm)
    seeds = iter(range(steps))
    found = attack(
        lambda deltas: [steepness * points(next(seeds), *shape)], [balls], steps=steps, step_share=step_share
    )
    for deltas in (*found, balls.project(points(seed, *shape, scale=10.0)), balls.random("uniform", DRAW)):
        assert bool(deltas.isfinite().all())
        check_within(deltas, balls)


@pytest.mark.parametrize("norm", NORMS)
def test_a_radius_is_relative_to_the_example_and_knows_no_padding(norm: str) -> None:
    tokens = points(0, 1, 3, 8)
    radius = Balls.around(tokens, everywhere(tokens), epsilon=0.1, norm=norm).radii
    length = tokens.norm().item()
    assert radius.item() == pytest.approx(0.1 * (length if norm == "l2" else length / math.sqrt(24)))
    padded = torch.cat([tokens, points(1, 1, 2, 8)], dim=1)
    own = torch.tensor([[True, True, True, False, False]])[:, :, None]
    torch.testing.assert_close(Balls.around(padded, own, epsilon=0.1, norm=norm).radii, radius)


def test_what_lies_in_the_ball_is_left_and_what_does_not_goes_to_its_rim() -> None:
    centres = points(0, 2, 6)
    balls = Balls.around(centres, everywhere(centres), epsilon=0.5, norm="l2")
    inside, outside = 0.4 * centres, 3 * centres
    assert torch.equal(balls.project(inside), inside)
    torch.testing.assert_close(balls.project(outside), 0.5 * centres)


def test_the_box_is_inscribed_in_the_sphere() -> None:
    centres = points(0, 4, 9)
    box, sphere = (Balls.around(centres, everywhere(centres), epsilon=0.3, norm=norm) for norm in NORMS[::-1])
    corner = box.steepest(points(1, 4, 9))
    torch.testing.assert_close(lengths(corner, "l2"), sphere.radii)


@pytest.mark.parametrize("steps", [1, 3])
def test_on_a_linear_function_the_attack_is_the_closed_form(steps: int) -> None:
    """The highest value of w * (x + d) is w * x + radius * |w|, in the dual norm."""
    centres, slopes = points(0, 5, 7), points(1, 5, 7)
    for norm, dual in (("l2", 2), ("linf", 1)):
        balls = Balls.around(centres, everywhere(centres), epsilon=0.2, norm=norm)
        (deltas,) = attack(lambda _: [slopes], [balls], steps=steps, step_share=1.0)
        expected = balls.radii * torch.linalg.vector_norm(slopes, ord=dual, dim=1)
        torch.testing.assert_close((deltas * slopes).sum(dim=1), expected)
    torch.testing.assert_close(deltas, 0.2 * centres.pow(2).mean(dim=1, keepdim=True).sqrt() * slopes.sign())


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("steps", [1, 5])
def test_at_the_solution_of_a_convex_problem_no_attack_lowers_the_loss(norm: str, steps: int) -> None:
    """Least squares: at worst, each residual grows by the radius times the dual norm of the solution."""
    inputs, targets = points(0, 40, 4).double(), points(1, 40, 1).double()
    solution = torch.linalg.lstsq(inputs, targets).solution
    balls = Balls.around(inputs, everywhere(inputs), epsilon=0.1, norm=norm)

    def losses(deltas: Tensor) -> Tensor:
        return ((inputs + deltas) @ solution - targets).square()[:, 0]

    def gradients_at(deltas) -> list[Tensor]:
        leaf = deltas[0].requires_grad_()
        return list(torch.autograd.grad(losses(leaf).sum(), leaf))

    (deltas,) = attack(gradients_at, [balls], steps=steps, step_share=1.0)
    assert bool((losses(deltas) >= losses(balls.centre())).all())
    dual = torch.linalg.vector_norm(solution, ord=2 if norm == "l2" else 1)
    worst = (losses(balls.centre()).sqrt() + balls.radii * dual).square()
    torch.testing.assert_close(losses(deltas).detach(), worst, rtol=1e-4, atol=1e-6)


def test_gradients_in_padding_take_nothing_from_the_step() -> None:
    centres = points(0, 2, 3, 4)
    own = (torch.arange(3) < 2)[None, :, None]
    balls = Balls.around(centres, own, epsilon=0.3, norm="l2")
    deltas = balls.steepest(points(1, 2, 3, 4))
    torch.testing.assert_close(lengths(deltas, "l2"), balls.radii)
    assert not deltas[:, 2].any()


def test_without_a_gradient_there_is_no_attack() -> None:
    centres = points(0, 2, 3)
    balls = Balls.around(centres, everywhere(centres), epsilon=1.0, norm="l2")
    (deltas,) = attack(lambda _: [torch.zeros(2, 3)], [balls], steps=2, step_share=1.0)
    assert not deltas.any()


@pytest.mark.parametrize("norm", NORMS)
def test_gaussian_noise_has_the_stated_variance(norm: str) -> None:
    centres = torch.stack([torch.full((40_001,), 2.0), torch.full((40_001,), 5.0)])
    noise = Balls.around(centres, everywhere(centres), epsilon=0.1, norm=norm).random("gaussian", DRAW)
    torch.testing.assert_close(noise.std(dim=1), torch.tensor([0.2, 0.5]), rtol=0.02, atol=0)
    assert noise.mean(dim=1).abs().max() < 0.01
    kurtosis = (noise / noise.std(dim=1, keepdim=True)).pow(4).mean(dim=1)
    torch.testing.assert_close(kurtosis, torch.full((2,), 3.0), rtol=0.05, atol=0)
    assert abs(float((noise[0] * noise[1]).mean())) < 0.002  # of one row knows nothing of another's
    assert abs(float((noise[:, 1:] * noise[:, :-1]).mean())) < 0.003  # nor a number of the next


def test_uniform_noise_fills_the_ball_evenly() -> None:
    centres = torch.ones(20_000, 3)
    sphere = Balls.around(centres, everywhere(centres), epsilon=1.0, norm="l2")
    shares = lengths(sphere.random("uniform", DRAW), "l2") / sphere.radii
    volumes = shares.pow(3)  # the share of the ball within a length: uniform
    assert (volumes.sort().values - torch.linspace(0, 1, 20_000)).abs().max() < 0.015
    directions = torch.nn.functional.normalize(sphere.random("uniform", DRAW))
    torch.testing.assert_close(directions.T @ directions / 20_000, torch.eye(3) / 3, atol=0.01, rtol=0)
    farther = directions.square() * (volumes[:, None] - 0.5)
    assert farther.mean(dim=0).abs().max() < 0.01, "no direction goes farther than another"
    box = Balls.around(centres, everywhere(centres), epsilon=1.0, norm="linf")
    noise = box.random("uniform", DRAW)
    torch.testing.assert_close(noise.var(dim=0), torch.full((3,), 1 / 3), rtol=0.03, atol=0)


def test_noise_is_a_matter_of_the_row_and_not_of_process_or_padding() -> None:
    tokens = points(0, 4, 3, 5)
    whole = Balls.around(tokens, everywhere(tokens), epsilon=0.1, norm="l2")
    padded = torch.cat([tokens[2:], points(1, 2, 2, 5)], dim=1)
    own = (torch.arange(5) < 3).expand(2, 5)[:, :, None]
    share = Balls.around(padded, own, epsilon=0.1, norm="l2")
    for noise in ("gaussian", "uniform"):
        one = whole.random(noise, Address((3, 4)).uniform)
        two = share.random(noise, Address((3, 4), first_row=2).uniform)
        torch.testing.assert_close(two[:, :3], one[2:])
        assert not two[:, 3:].any()
        assert not torch.equal(one, whole.random(noise, Address((3, 5)).uniform))
