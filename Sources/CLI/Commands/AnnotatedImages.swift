import COCO
import Engine
import YOLOX

extension Model {
  /// Detects objects in all images of `annotations`, with the authors' settings for evaluation by default.
  func detectionRecords(
    for annotations: Annotations, in folder: String, pool: WorkerPool,
    options: DetectionOptions = .evaluation, slices: SliceOptions? = nil
  ) throws -> [DetectionRecord] {
    let categoryIDs = annotations.categoryIDs
    guard categoryIDs.count == labels.count else {
      throw CLIError(
        """
        the annotations have \(categoryIDs.count) categories and the network \(labels.count) classes; \
        they must belong to the same data set
        """)
    }
    var predictor = Predictor(self, slices: slices, pool: pool)
    var progress = ProgressBar(label: "images", total: annotations.images.count)
    var records: [DetectionRecord] = []
    for image in annotations.images {
      let path = folder + "/" + image.fileName
      records += try CLIError.naming(path) {
        try predictor.detect(ImageFiles.open(path), slices: slices, options: options).map {
          DetectionRecord($0, imageID: image.id, categoryID: categoryIDs[$0.classID])
        }
      }
      progress.advance()
    }
    progress.finish()
    return records
  }
}

extension DetectionRecord {
  init(_ detection: Detection, imageID: Int, categoryID: Int) {
    self.init(
      imageID: imageID, categoryID: categoryID, box: detection.box.bbox, score: Double(detection.score))
  }
}
