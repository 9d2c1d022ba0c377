"""Both networks as a PyTorch user would write them; layer by layer those of the engine (src/Segmentation/Networks)."""
import torch
import torch.nn.functional as F
from torch import nn

from description import CLASSES, MODALITIES, PUBLISHED_PARAMETERS, SHUFFLE, SLICES, Sizes, parameters_of

SLOPE, DROPPED = 0.2, 0.25


class Conv(nn.Module):
    """A convolution whose result has the size of its input; borders are zero or mirrored with the border pixel."""

    def __init__(self, inputs, outputs, kernel, dilation=1, mirrored=False, bias=False):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, *kernel))
        nn.init.trunc_normal_(self.weight, 0, 0.01, -0.02, 0.02)
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.padding = [k // 2 * dilation for k in kernel]
        self.dilation, self.mirrored = dilation, mirrored

    def forward(self, x):
        if self.mirrored:
            return F.conv2d(mirror(x, self.padding[0]), self.weight, self.bias)
        convolve = F.conv2d if len(self.padding) == 2 else F.conv3d
        return convolve(x, self.weight, self.bias, padding=self.padding, dilation=self.dilation)


def mirror(x, amount):
    """TensorFlow's SYMMETRIC padding of both image axes: ...b a | a b c..."""
    if amount == 1:
        return F.pad(x, [1, 1, 1, 1], mode="replicate")  # the same thing for one pixel
    for axis in (2, 3):
        x = torch.cat([x.narrow(axis, 0, amount).flip(axis), x, x.narrow(axis, x.shape[axis] - amount, amount).flip(axis)], axis)
    return x


class Transposed(nn.Module):
    """Stride 2 with TensorFlow's SAME alignment: position i reaches 2i, 2i+1 and 2i+2, and the last sample of the full result is cut."""

    def __init__(self, inputs, outputs, kernel):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs, *kernel).normal_(0, 0.01))
        self.output_padding = [int(k == 1) for k in kernel]  # an axis of one tap reaches 2i only; a zero slice is appended

    def forward(self, x):
        d, h, w = (2 * extent for extent in x.shape[2:])
        return F.conv_transpose3d(x, self.weight, stride=2, output_padding=self.output_padding)[:, :, :d, :h, :w]


class ModalityNorm(nn.Module):
    """Batch normalization with a copy per modality, and the leaky ReLU that always follows."""

    def __init__(self, channels, is_3d):
        super().__init__()
        kind = nn.BatchNorm3d if is_3d else nn.BatchNorm2d
        self.copies = nn.ModuleList(kind(channels, eps=1e-3, momentum=0.1) for _ in range(MODALITIES))

    def forward(self, x, modality):
        return F.leaky_relu(self.copies[modality](x), SLOPE)


class PreActivation(nn.Module):
    """Normalization, leaky ReLU, convolution, dropout."""

    def __init__(self, inputs, outputs, dilation=1):
        super().__init__()
        self.norm = ModalityNorm(inputs, False)
        self.conv = Conv(inputs, outputs, (3, 3), dilation)

    def forward(self, x, modality):
        return F.dropout(self.conv(self.norm(x, modality)), DROPPED, self.training)


class Residual(nn.Module):
    """Two pre-activated convolutions; new channels are met by zeros on both sides of the input's."""

    def __init__(self, inputs, outputs, dilation=1):
        super().__init__()
        self.first, self.second = PreActivation(inputs, outputs, dilation), PreActivation(outputs, outputs, dilation)
        self.side = (outputs - inputs) // 2

    def forward(self, x, modality):
        y = self.second(self.first(x, modality), modality)
        return y + (F.pad(x, [0, 0, 0, 0, self.side, self.side]) if self.side else x)


class DilatedNetwork2D(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.first = Conv(SLICES, f, (3, 3))
        pool = nn.MaxPool2d(2)
        self.stages = nn.ModuleList([
            Residual(f, f), pool, Residual(f, 2 * f), pool, Residual(2 * f, 4 * f), Residual(4 * f, 4 * f), pool, Residual(4 * f, 8 * f), Residual(8 * f, 8 * f),
            Residual(8 * f, 16 * f), Residual(16 * f, 16 * f), Residual(16 * f, 16 * f), Residual(16 * f, 16 * f), Residual(16 * f, 32 * f), Residual(32 * f, 32 * f),
            Residual(32 * f, 32 * f, 2), Residual(32 * f, 32 * f, 2), PreActivation(32 * f, 32 * f), PreActivation(32 * f, 32 * f)])
        wide = SHUFFLE ** 3 * CLASSES
        self.widen, self.norm = Conv(32 * f, wide, (3, 3), mirrored=True), ModalityNorm(wide, False)
        self.out = Conv(SHUFFLE * CLASSES, CLASSES, (5, 5), mirrored=True)

    def forward(self, x, modality):
        x = self.first(x)
        for stage in self.stages:
            x = stage(x) if isinstance(stage, nn.MaxPool2d) else stage(x, modality)
        return self.out(F.pixel_shuffle(self.norm(self.widen(x), modality), SHUFFLE))


class Unit(nn.Module):
    """A convolution, normalization and leaky ReLU."""

    def __init__(self, convolution, outputs):
        super().__init__()
        self.conv, self.norm = convolution, ModalityNorm(outputs, True)

    def forward(self, x, modality):
        return self.norm(self.conv(x), modality)


class UNet3D(nn.Module):
    LEVELS = 4

    def __init__(self, f):
        super().__init__()
        taps = [3, 3, 1, 1]  # along the depth
        pair = lambda level, inputs, middle, outputs: nn.ModuleList(
            Unit(Conv(i, o, (taps[level], 3, 3)), o) for i, o in ((inputs, middle), (middle, outputs)))
        self.encoder = nn.ModuleList(pair(level, f << level if level else 1, f << level, 2 * f << level) for level in range(self.LEVELS))
        self.upsampling, self.decoder = nn.ModuleList(), nn.ModuleList()
        channels = f << self.LEVELS
        for level in reversed(range(self.LEVELS - 1)):
            skip = 2 * f << level
            upsampled = channels // 2 if level == self.LEVELS - 2 else channels
            self.upsampling.append(Unit(Transposed(channels, upsampled, (taps[level + 1], 3, 3)), upsampled))
            self.decoder.append(pair(level, upsampled + skip, skip, skip))
            channels = skip
        self.logits = Conv(channels, CLASSES, (1, 1, 1), bias=True)

    def forward(self, x, modality):
        skips = []
        for level, (first, second) in enumerate(self.encoder):
            x = second(first(x, modality), modality)
            if level < self.LEVELS - 1:
                skips.append(x)
                x = F.max_pool3d(x, 2)
        for upsampling, (first, second) in zip(self.upsampling, self.decoder):
            x = torch.cat([upsampling(x, modality), skips.pop()], 1)
            x = second(first(x, modality), modality)
        return self.logits(x)


def check():
    """Holds what is easily got wrong against values worked out by hand: a transposed row of [1, 2, 3] by taps [1, 10, 100], its empty slice, and mirrored borders."""
    layer = Transposed(1, 1, (1, 3, 3))
    with torch.no_grad():
        layer.weight.zero_()[0, 0, 0, 1] = torch.tensor([1.0, 10.0, 100.0])
        y = layer(torch.tensor([1.0, 2.0, 3.0]).reshape(1, 1, 1, 1, 3))
    x = torch.arange(9.0).reshape(1, 1, 3, 3)
    for name, found, expected in [
            ("transposed convolution", y[0, 0, 0, 1], [1, 10, 102, 20, 203, 30]), ("its empty slice", y[0, 0, 1, 1], [0] * 6), ("mirrored border of one", mirror(x, 1)[0, 0, 0], [0, 0, 1, 2, 2]),
            ("mirrored border of two", mirror(x, 2)[0, 0, 0], [4, 3, 3, 4, 5, 5, 4])]:
        if found.tolist() != expected:
            raise RuntimeError(f"{name} gives {found.tolist()} and not {expected}")


def network_of(sizes):
    """Refuses one that is not the network to compare with."""
    network = UNet3D(sizes.channels) if sizes.is_3d else DilatedNetwork2D(sizes.channels)
    found, expected = sum(p.numel() for p in network.parameters()), parameters_of(sizes)
    published = parameters_of(Sizes.published(sizes.network))
    if found != expected or published != PUBLISHED_PARAMETERS[sizes.network]:
        raise RuntimeError(f"{sizes.network} has {found} parameters and not {expected}: it is not the network to compare with")
    return network
