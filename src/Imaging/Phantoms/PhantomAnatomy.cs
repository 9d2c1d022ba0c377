namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>Which part of the body a phantom imitates.</summary>
public enum PhantomAnatomy
{
    /// <summary>Labels liver, right kidney, left kidney, spleen.</summary>
    Abdomen,

    /// <summary>Labels LV myocardium, left atrium, LV blood, ascending aorta.</summary>
    Heart,
}
