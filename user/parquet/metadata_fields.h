/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Field numbers and enumerations of parquet.thrift that writer and reader of metadata and pages
 * share.
 */
#ifndef PARQUET_METADATA_FIELDS_H
#define PARQUET_METADATA_FIELDS_H

enum { /* FileMetaData */
       FILE_VERSION = 1,
       FILE_SCHEMA = 2,
       FILE_NUM_ROWS = 3,
       FILE_ROW_GROUPS = 4,
       FILE_KEY_VALUES = 5,
       FILE_CREATED_BY = 6,
       FILE_COLUMN_ORDERS = 7,
       FILE_ENCRYPTION_ALGORITHM = 8,
};

enum { /* SchemaElement */
       ELEMENT_TYPE = 1,
       ELEMENT_REPETITION = 3,
       ELEMENT_NAME = 4,
       ELEMENT_NUM_CHILDREN = 5,
       ELEMENT_CONVERTED_TYPE = 6,
       ELEMENT_LOGICAL_TYPE = 10,
};

enum { /* FieldRepetitionType */
       REPETITION_REQUIRED = 0,
       REPETITION_OPTIONAL = 1,
};

enum { /* ConvertedType */
       CONVERTED_UTF8 = 0,
       CONVERTED_UINT_32 = 13,
};

enum { /* LogicalType, IntType, TimestampType, TimeUnit */
       LOGICAL_STRING = 1,
       LOGICAL_TIMESTAMP = 8,
       LOGICAL_INTEGER = 10,
       INTEGER_BIT_WIDTH = 1,
       INTEGER_IS_SIGNED = 2,
       TIMESTAMP_IS_ADJUSTED_TO_UTC = 1,
       TIMESTAMP_UNIT = 2,
       UNIT_NANOS = 3,
};

enum { /* RowGroup, SortingColumn */
       GROUP_COLUMNS = 1,
       GROUP_TOTAL_BYTE_SIZE = 2,
       GROUP_NUM_ROWS = 3,
       GROUP_SORTING_COLUMNS = 4,
       GROUP_FILE_OFFSET = 5,
       GROUP_TOTAL_COMPRESSED_SIZE = 6,
       GROUP_ORDINAL = 7,
       SORTING_COLUMN = 1,
       SORTING_DESCENDING = 2,
       SORTING_NULLS_FIRST = 3,
};

enum { /* ColumnChunk, ColumnMetaData, PageEncodingStats */
       CHUNK_FILE_OFFSET = 2,
       CHUNK_METADATA = 3,
       CHUNK_OFFSET_INDEX_OFFSET = 4,
       CHUNK_OFFSET_INDEX_LENGTH = 5,
       CHUNK_COLUMN_INDEX_OFFSET = 6,
       CHUNK_COLUMN_INDEX_LENGTH = 7,
       CHUNK_TYPE = 1,
       CHUNK_ENCODINGS = 2,
       CHUNK_PATH = 3,
       CHUNK_CODEC = 4,
       CHUNK_NUM_VALUES = 5,
       CHUNK_UNCOMPRESSED_SIZE = 6,
       CHUNK_COMPRESSED_SIZE = 7,
       CHUNK_DATA_PAGE_OFFSET = 9,
       CHUNK_DICTIONARY_PAGE_OFFSET = 11,
       CHUNK_STATISTICS = 12,
       CHUNK_ENCODING_STATS = 13,
       CHUNK_BLOOM_FILTER_OFFSET = 14,
       CHUNK_BLOOM_FILTER_LENGTH = 15,
       PAGE_COUNT_TYPE = 1,
       PAGE_COUNT_ENCODING = 2,
       PAGE_COUNT_COUNT = 3,
};

enum { /* KeyValue, ColumnOrder */
       KEY_VALUE_KEY = 1,
       KEY_VALUE_VALUE = 2,
       ORDER_OF_TYPE = 1,
};

enum { /* OffsetIndex, PageLocation, ColumnIndex, BoundaryOrder */
       OFFSETS_PAGE_LOCATIONS = 1,
       LOCATION_OFFSET = 1,
       LOCATION_COMPRESSED_SIZE = 2,
       LOCATION_FIRST_ROW = 3,
       BOUNDS_NULL_PAGES = 1,
       BOUNDS_MIN_VALUES = 2,
       BOUNDS_MAX_VALUES = 3,
       BOUNDS_ORDER = 4,
       BOUNDS_NULL_COUNTS = 5,
       ORDER_UNORDERED = 0,
       ORDER_ASCENDING = 1,
       ORDER_DESCENDING = 2,
};

enum { /* PageType */
       PAGE_DATA_V1 = 0,
       PAGE_DICTIONARY = 2,
       PAGE_DATA_V2 = 3,
};

enum { /* PageHeader, DataPageHeader, DictionaryPageHeader, DataPageHeaderV2 */
       PAGE_TYPE = 1,
       PAGE_UNCOMPRESSED_SIZE = 2,
       PAGE_COMPRESSED_SIZE = 3,
       PAGE_CRC = 4,
       PAGE_DATA_V1_HEADER = 5,
       PAGE_DICTIONARY_HEADER = 7,
       PAGE_DATA_V2_HEADER = 8,
       DATA_V1_NUM_VALUES = 1,
       DATA_V1_ENCODING = 2,
       DATA_V1_DEFINITION_ENCODING = 3,
       DICTIONARY_NUM_VALUES = 1,
       DICTIONARY_ENCODING = 2,
       DATA_V2_NUM_VALUES = 1,
       DATA_V2_NUM_NULLS = 2,
       DATA_V2_NUM_ROWS = 3,
       DATA_V2_ENCODING = 4,
       DATA_V2_DEFINITION_LENGTH = 5,
       DATA_V2_REPETITION_LENGTH = 6,
       DATA_V2_IS_COMPRESSED = 7,
};

#endif
