"""The convolutions of both networks with their parameters and FLOPs, without any framework. Run pytorch_step.py --describe to see them."""
from dataclasses import dataclass
from math import prod

CLASSES = 5
SLICES = 3  # neighbouring slices that the 2D network sees
SHUFFLE = 8
MODALITIES = 2
PUBLISHED_PARAMETERS = {"dilated2d": 39_342_840, "unet3d": 2_204_565}  # at 16 channels


@dataclass(frozen=True)
class Sizes:
    """Sizes of a training step; the batch is of each modality."""

    network: str
    batch: int
    size: int
    depth: int = 8
    channels: int = 16

    @staticmethod
    def published(network):
        return Sizes(network, 8 if network == "dilated2d" else 2, 256)

    @property
    def is_3d(self):
        return self.network == "unet3d"

    @property
    def image_shape(self):
        """Channels last, as images are filled."""
        return (self.batch, self.depth, self.size, self.size, 1) if self.is_3d else (self.batch, self.size, self.size, SLICES)


@dataclass(frozen=True)
class Convolution:
    """One convolution; of a transposed one, `image` is what it reads and stride 2 enlarges it."""

    name: str
    inputs: int
    outputs: int
    kernel: tuple  # depth, height, width
    image: tuple
    dilation: int = 1
    mirrored: bool = False
    transposed: bool = False
    bias: bool = False
    normalized: int = 0  # channels of the normalization beside it

    @property
    def parameters(self):
        """With gamma and beta of both modalities."""
        return prod(self.kernel) * self.inputs * self.outputs + self.outputs * self.bias + 2 * MODALITIES * self.normalized

    def flops(self, batch):
        """Of a forward pass: 2 x positions x taps x channels x channels, as many for either gradient."""
        return 2 * batch * prod(self.image) * prod(self.kernel) * self.inputs * self.outputs

    def flops_within_image(self, batch):
        """As flops, without the taps that read zeros beyond the border."""
        return 2 * batch * prod(map(self._reads, self.image, self.kernel, (1, self.dilation, self.dilation))) * self.inputs * self.outputs

    def _reads(self, extent, taps, dilation):
        """Pairs of positions and taps along an axis that are within the image."""
        if self.mirrored:
            return extent * taps
        if self.transposed:  # of the results, 2i + tap must be within twice the extent
            return sum(2 * i + tap < 2 * extent for i in range(extent) for tap in range(taps))
        return sum(0 <= i + (tap - taps // 2) * dilation < extent for i in range(extent) for tap in range(taps))

    def problem(self, batch):
        """As the engine writes it (ConvolutionProblem); of a transposed convolution, the convolution whose data gradient it is."""
        image, inputs, outputs, stride = self.image, self.inputs, self.outputs, (1, 1, 1)
        pads = tuple(k // 2 * (1 if a == 0 else self.dilation) for a, k in enumerate(self.kernel))
        before = after = pads
        if self.transposed:
            image, inputs, outputs, stride = tuple(2 * e for e in self.image), self.outputs, self.inputs, (2, 2, 2)
            before, after = (0, 0, 0), tuple(int(k > 1) for k in self.kernel)
        dilation = (1, self.dilation, self.dilation)
        text = lambda e: "x".join(map(str, e))
        return (f"n{batch} c{inputs} k{outputs} in{text(image)} kernel{text(self.kernel)} stride{text(stride)} dilation{text(dilation)} "
                f"pad{text(before)}/{text(after)} {'Symmetric' if self.mirrored else 'Zero'}")


def convolutions_of(sizes):
    """In the order of a forward pass."""
    return list(_unet3d(sizes) if sizes.is_3d else _dilated2d(sizes))


def _dilated2d(sizes):
    f, plane = sizes.channels, (1, 3, 3)

    def at(scale):
        return (1, sizes.size // scale, sizes.size // scale)

    yield Convolution("g1 first", SLICES, f, plane, at(1))
    for group, scale, inputs, outputs, dilation in [
            ("g1", 1, f, f, 1), ("g2", 2, f, 2 * f, 1), ("g3", 4, 2 * f, 4 * f, 1), ("g3", 4, 4 * f, 4 * f, 1), ("g4", 8, 4 * f, 8 * f, 1), ("g4", 8, 8 * f, 8 * f, 1),
            ("g5", 8, 8 * f, 16 * f, 1), ("g5", 8, 16 * f, 16 * f, 1), ("g6", 8, 16 * f, 16 * f, 1), ("g6", 8, 16 * f, 16 * f, 1), ("g7", 8, 16 * f, 32 * f, 1),
            ("g7", 8, 32 * f, 32 * f, 1), ("g8", 8, 32 * f, 32 * f, 2), ("g8", 8, 32 * f, 32 * f, 2)]:
        yield Convolution(group if inputs == outputs else f"{group} widen", inputs, outputs, plane, at(scale), dilation, normalized=inputs)
        yield Convolution(group, outputs, outputs, plane, at(scale), dilation, normalized=outputs)
    for _ in range(2):
        yield Convolution("g9", 32 * f, 32 * f, plane, at(8), normalized=32 * f)
    wide = SHUFFLE ** 3 * CLASSES
    yield Convolution("g10", 32 * f, wide, plane, at(8), mirrored=True, normalized=wide)
    yield Convolution("out", SHUFFLE * CLASSES, CLASSES, (1, 5, 5), at(1), mirrored=True)


def _unet3d(sizes):
    f, cube, plane = sizes.channels, (3, 3, 3), (1, 3, 3)

    def at(level):
        return tuple(extent >> level for extent in (sizes.depth, sizes.size, sizes.size))

    def unit(name, level, inputs, outputs, kernel, transposed=False):
        return Convolution(name, inputs, outputs, kernel, at(level), transposed=transposed, normalized=outputs)

    yield unit("enc1_1", 0, 1, f, cube)
    yield unit("enc1_2", 0, f, 2 * f, cube)
    yield unit("enc2_1", 1, 2 * f, 2 * f, cube)
    yield unit("enc2_2", 1, 2 * f, 4 * f, cube)
    yield unit("enc3_1", 2, 4 * f, 4 * f, plane)
    yield unit("enc3_2", 2, 4 * f, 8 * f, plane)
    yield unit("enc4_1", 3, 8 * f, 8 * f, plane)
    yield unit("enc4_2", 3, 8 * f, 16 * f, plane)
    yield unit("deconv3", 3, 16 * f, 8 * f, plane, transposed=True)
    yield unit("dec3_1", 2, 16 * f, 8 * f, plane)
    yield unit("dec3_2", 2, 8 * f, 8 * f, plane)
    yield unit("deconv2", 2, 8 * f, 8 * f, plane, transposed=True)
    yield unit("dec2_1", 1, 12 * f, 4 * f, cube)
    yield unit("dec2_2", 1, 4 * f, 4 * f, cube)
    yield unit("deconv1", 1, 4 * f, 4 * f, cube, transposed=True)
    yield unit("dec1_1", 0, 6 * f, 2 * f, cube)
    yield unit("dec1_2", 0, 2 * f, 2 * f, cube)
    yield Convolution("logits", 2 * f, CLASSES, (1, 1, 1), at(0), bias=True)


def problems_of(sizes):
    """The distinct convolutions of both modalities together: names, how often the network has it, problem."""
    names = {}
    for c in convolutions_of(sizes):
        names.setdefault(c.problem(MODALITIES * sizes.batch), []).append(c.name)
    return [(" ".join(dict.fromkeys(found)), len(found), problem) for problem, found in names.items()]


def parameters_of(sizes):
    return sum(c.parameters for c in convolutions_of(sizes))


def step_flops(sizes):
    """Convolutions of a training step of both modalities: forward and two gradients, but no data gradient of the images; without taps in the padding."""
    all_flops = [c.flops_within_image(sizes.batch) for c in convolutions_of(sizes)]
    return MODALITIES * (3 * sum(all_flops) - all_flops[0])


def describe(sizes):
    """A table for people."""
    lines = [f"{sizes.network}, {sizes.channels} channels, {sizes.size}x{sizes.size}" + (f"x{sizes.depth}" if sizes.is_3d else "") + f", {sizes.batch} images of each modality"]
    for c in convolutions_of(sizes):
        kind = " transposed" if c.transposed else " mirrored" if c.mirrored else f" dilated {c.dilation}" if c.dilation > 1 else ""
        lines.append(f"{c.name:<20} {c.inputs:>4} -> {c.outputs:<4} {'x'.join(map(str, c.kernel))} at {'x'.join(map(str, c.image))}{kind}: "
                     f"{c.parameters:,} parameters, {c.flops(sizes.batch) / 1e9:.2f} GFLOP forward")
    lines.append(f"{parameters_of(sizes):,} parameters; {sum(c.flops(sizes.batch) for c in convolutions_of(sizes)) / 1e9:.1f} GFLOP forward per modality, "
                 f"{step_flops(sizes) / 1e12:.2f} TFLOP per training step without taps in the padding")
    return "\n".join(lines)
