using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>What scenes are made of.</summary>
internal interface ISceneObjects
{
    /// <summary>Greatest value of a background, 0 to 1.</summary>
    float BrightestClutter { get; }

    /// <summary>Chooses an object and its radius, in pixels.</summary>
    (int Object, float Radius) Choose(ref PhiloxStream stream);

    /// <summary>Draws it around a point, and says its class and the box of its pixels.</summary>
    ObjectBox? Draw(Canvas canvas, int chosen, float x, float y, float radius, ref PhiloxStream stream);
}
