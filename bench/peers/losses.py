"""The losses of Dou et al. 2020, arXiv:2001.03111, with the engine's default settings. Logits are (batch, classes, positions...), the truth is one-hot of the same shape."""
import math

import torch

DISTILLATION_WEIGHT, TEMPERATURE, PROBABILITY_FLOOR = 0.5, 2.0, 0.005


def per_class(x):
    return x.sum([axis for axis in range(x.dim()) if axis != 1])


def dice(truth, p):
    return -(2 * per_class(p * truth) / (per_class(p * p) + per_class(truth) + 1e-7)).mean()


def cross_entropy(truth, p):
    """Weighted by how rare a class is in the batch."""
    counts = per_class(truth)
    weights = 1 - counts / counts.sum()
    return -(per_class(truth * p.clamp(PROBABILITY_FLOOR, 1).log()) * weights).sum() / (truth.numel() / truth.shape[1])


def class_means(logits, truth):
    """Row c: log-softmax of the mean logits over the positions of class c."""
    sums = torch.bmm(truth.flatten(2), logits.flatten(2).transpose(1, 2)).sum(0)
    return torch.log_softmax(sums / (per_class(truth) + 1e-6).unsqueeze(1) / TEMPERATURE, 1)


def distillation(a, truth_a, b, truth_b):
    """Symmetric divergence of the softened mean logits of each class; classes that a modality lacks are left out."""
    la, lb = class_means(a, truth_a), class_means(b, truth_b)
    divergence = 0.5 * ((la.exp() - lb.exp()) * (la - lb)).sum(1)
    present = ((per_class(truth_a) > 0) & (per_class(truth_b) > 0)).to(divergence.dtype)
    return (divergence * present).sum() / present.sum().clamp_min(1)


def total(a, truth_a, b, truth_b):
    loss = DISTILLATION_WEIGHT * distillation(a, truth_a, b, truth_b)
    for logits, truth in ((a, truth_a), (b, truth_b)):
        p = torch.softmax(logits, 1)
        loss = loss + dice(truth, p) + cross_entropy(truth, p)
    return loss


def check():
    """Holds the losses against values worked out in double precision from the formulas of the method; class 2 is absent in b."""
    def example(phase, labels):
        logits = torch.tensor([[[2 * math.sin(1.3 * i + 0.7 * k + phase) for i in range(6)] for k in range(3)]], dtype=torch.float64)
        return logits, torch.tensor([[[float(label == k) for label in labels] for k in range(3)]], dtype=torch.float64)

    (a, truth_a), (b, truth_b) = example(0.1, [0, 0, 1, 1, 2, 0]), example(1.0, [0, 1, 1, 0, 0, 0])
    pa, pb = torch.softmax(a, 1), torch.softmax(b, 1)
    for name, found, expected in [
            ("Dice a", dice(truth_a, pa), -0.44910337236976067), ("Dice b", dice(truth_b, pb), -0.2314143656832263), ("cross-entropy a", cross_entropy(truth_a, pa), 0.811143932542564),
            ("cross-entropy b", cross_entropy(truth_b, pb), 0.7206431176060257), ("distillation", distillation(a, truth_a, b, truth_b), (0.0010476276 + 0.0053994924) / 2)]:
        if abs(float(found) - expected) > 1e-9:
            raise RuntimeError(f"{name} is {float(found)} and not {expected}")
