extension Summary {
  /// The twelve metrics with their labels.
  package var lines: [(label: String, value: Double)] {
    [
      ("AP  IoU 0.50:0.95, all areas, 100 detections", ap), ("AP  IoU 0.50", ap50), ("AP  IoU 0.75", ap75),
      ("AP  small (below 32x32)", apSmall), ("AP  medium", apMedium), ("AP  large (above 96x96)", apLarge),
      ("AR  1 detection", ar1), ("AR  10 detections", ar10), ("AR  100 detections", ar100),
      ("AR  small", arSmall), ("AR  medium", arMedium), ("AR  large", arLarge),
    ]
  }
}
