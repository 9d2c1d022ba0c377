namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>What one modality of an unpaired data set has to teach about another: CT is the one that is taught.</summary>
public enum PhantomRelation
{
    /// <summary>Bodies and tissues as they come: each modality tells the organs apart in its own way.</summary>
    Usual,

    /// <summary>
    /// In CT all labelled organs are equally bright, so that only place, shape and neighbours tell which is which. These are the
    /// same in all modalities, and the others show the organs as usual.
    /// </summary>
    Shared,

    /// <summary>
    /// CT as in <see cref="Shared"/>, but there is nothing to learn about it from the others: their labels are of another body
    /// than their image, so that all they teach is where organs usually lie, and that is wrong for CT, where bodies are turned
    /// front to back and every label is on the next organ.
    /// </summary>
    Unrelated,
}
