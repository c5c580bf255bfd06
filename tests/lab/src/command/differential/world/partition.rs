//! Partitioned tables and inheritance parents. Their children are foreign tables of one API, and local tables filled from the copy.

use super::{Server, attach_options, foreign_options, imported};
use crate::command::differential::sample::Sample;
use crate::command::differential::session::Session;
use crate::command::differential::table::{Table, table};
use crate::failure::Result;

/// A partitioned table.
struct Parent {
    table: &'static str,
    by: &'static str,
    parts: &'static [Part],
}

struct Part {
    name: &'static str,
    bound: Bound,
    holds: Holds,
}

/// The bound of a partition. Times are ranks among the table's times, in hundredths, so that each bound is the time of a row.
enum Bound {
    Range(Option<u32>, Option<u32>),
    List(&'static str),
    Hash(u32),
    Default,
}

/// The kind of a partition, and how it was created.
enum Holds {
    /// Created with PARTITION OF.
    Foreign,
    /// Imported, then attached.
    ForeignAttached,
    /// Created with PARTITION OF, then filled.
    Local,
    /// Filled, then attached.
    LocalAttached,
    Parts(&'static str, &'static [Part]),
}

use Bound::{Default, Hash, List, Range};
use Holds::{Foreign, ForeignAttached, Local, LocalAttached, Parts};

const fn part(name: &'static str, bound: Bound, holds: Holds) -> Part {
    Part { name, bound, holds }
}

/// Tables partitioned on one level, by each method.
static PARTITIONED: [Parent; 8] = [
    Parent {
        table: "logs",
        by: "RANGE (createddate)",
        parts: &[
            part("past", Range(None, Some(15)), LocalAttached),
            part("autumn", Range(Some(15), Some(50)), Foreign),
            part("winter", Range(Some(50), Some(70)), ForeignAttached),
            part("spring", Range(Some(70), Some(90)), Foreign),
            part("rest", Default, Local),
        ],
    },
    Parent {
        table: "logs_of_both",
        by: "LIST (mobileappid)",
        parts: &[part("mine", List("'my-app'"), Foreign), part("other", List("'other-app'"), ForeignAttached)],
    },
    Parent {
        table: "tickets",
        by: "LIST (ownerresidencecountry)",
        parts: &[part("some", List("'CH', NULL"), Foreign), part("one", List("'JP'"), Local), part("rest", Default, ForeignAttached)],
    },
    Parent {
        table: "action_logs",
        by: "LIST (actioncode)",
        parts: &[part("few", List("1, 12"), Foreign), part("one", List("21"), LocalAttached), part("rest", Default, ForeignAttached)],
    },
    Parent {
        table: "cases",
        by: "RANGE (create_time)",
        parts: &[part("past", Range(None, Some(50)), Local), part("present", Range(Some(50), None), Foreign)],
    },
    Parent {
        table: "operate_logs",
        by: "RANGE (timestamp_operate_time)",
        parts: &[part("past", Range(None, Some(70)), Foreign), part("present", Range(Some(70), None), ForeignAttached)],
    },
    Parent { table: "messages", by: "HASH (case_id)", parts: &[part("even", Hash(0), Foreign), part("odd", Hash(1), Foreign)] },
    Parent {
        table: "board_tickets",
        by: "LIST (status)",
        parts: &[part("open", List("'open'"), Foreign), part("others", Default, Foreign)],
    },
];

/// Tables partitioned on several levels, with foreign DEFAULT partitions.
static NESTED: [Parent; 4] = [
    Parent {
        table: "logs",
        by: "RANGE (createddate)",
        parts: &[
            part("past", Range(None, Some(20)), Local),
            part(
                "middle",
                Range(Some(20), Some(60)),
                Parts(
                    "LIST (actionname)",
                    &[
                        part("used", List("'CONTROL', 'ACTIVATE'"), Foreign),
                        part("got", List("'DOWNLOAD'"), LocalAttached),
                        part("rest", Default, ForeignAttached),
                    ],
                ),
            ),
            part(
                "present",
                Range(Some(60), None),
                Parts("RANGE (createddate)", &[part("winter", Range(Some(60), Some(75)), ForeignAttached), part("rest", Default, Foreign)]),
            ),
        ],
    },
    Parent {
        table: "action_logs",
        by: "RANGE (\"timestamp\")",
        parts: &[
            part(
                "past",
                Range(None, Some(45)),
                Parts("LIST (actioncode)", &[part("none", List("0"), Foreign), part("rest", Default, Local)]),
            ),
            // Records without a time are in this partition.
            part("rest", Default, Foreign),
        ],
    },
    Parent {
        table: "cases",
        by: "RANGE (create_time)",
        parts: &[
            part("past", Range(None, Some(45)), Foreign),
            part(
                "rest",
                Default,
                Parts("LIST (status)", &[part("open", List("0, 4, 5"), Foreign), part("rest", Default, ForeignAttached)]),
            ),
        ],
    },
    Parent {
        table: "board_tickets",
        by: "LIST (categoryid)",
        parts: &[
            part("few", List("51, NULL"), Foreign),
            part(
                "rest",
                Default,
                Parts(
                    "RANGE (creationtime)",
                    &[part("past", Range(None, Some(75)), Foreign), part("present", Range(Some(75), None), Local)],
                ),
            ),
        ],
    },
];

/// Tables with children by inheritance, and two ranks of times, in hundredths: where the local child ends and the second foreign one
/// begins.
static INHERITED: [(&str, u32, u32); 4] = [("logs", 40, 80), ("action_logs", 40, 80), ("cases", 40, 80), ("board_tickets", 40, 80)];

pub(super) fn make_partitioned(session: &Session, sample: &Sample, server: &Server) -> Result<()> {
    make(session, sample, "partitioned", &PARTITIONED, server)?;
    // Gives some plans statistics of parents and of foreign partitions.
    session.run("ANALYZE partitioned.cases; ANALYZE partitioned.action_logs")
}

pub(super) fn make_nested(session: &Session, sample: &Sample, server: &Server) -> Result<()> {
    make(session, sample, "nested", &NESTED, server)
}

fn make(session: &Session, sample: &Sample, schema: &str, parents: &[Parent], server: &Server) -> Result<()> {
    session.run(&format!("CREATE SCHEMA {schema}"))?;
    for Parent { table: name, by, parts } in parents {
        let table = table(name);
        let parent = format!("{schema}.{name}");
        session.run(&format!("CREATE TABLE {parent} (LIKE {}.{name}) PARTITION BY {by}", server.name))?;
        let mut maker = PartitionBuilder { session, sample, server, table, local: Vec::new() };
        maker.make(&parent, parts)?;
        maker.fill()?;
    }
    Ok(())
}

/// A local partition. It is filled once all others exist: only then the rows of a DEFAULT partition are known.
struct ToFill {
    parent: String,
    leaf: String,
    bound: String,
    /// Whether the table is filled while detached.
    is_attached: bool,
}

struct PartitionBuilder<'w> {
    session: &'w Session,
    sample: &'w Sample,
    server: &'w Server,
    table: &'static Table,
    local: Vec<ToFill>,
}

impl PartitionBuilder<'_> {
    fn make(&mut self, parent: &str, parts: &[Part]) -> Result<()> {
        let Self { session, table, server, .. } = *self;
        for Part { name, bound, holds } in parts {
            let leaf = format!("{parent}_{name}");
            let bound = self.bound(bound);
            match holds {
                Foreign => session.run(&format!(
                    "CREATE FOREIGN TABLE {leaf} PARTITION OF {parent} {bound} {}; {}",
                    foreign_options(server, table),
                    attach_options(table, &leaf)
                ))?,
                ForeignAttached => {
                    let (schema, short) = leaf.split_once('.').unwrap_or_default();
                    session.run(&imported(server, table, schema, short))?;
                    session.run(&format!("ALTER TABLE {parent} ATTACH PARTITION {leaf} {bound}"))?;
                }
                Local | LocalAttached => {
                    session.run(&format!("CREATE TABLE {leaf} PARTITION OF {parent} {bound}"))?;
                    self.local.push(ToFill { parent: parent.to_owned(), leaf, bound, is_attached: matches!(holds, LocalAttached) });
                }
                Parts(by, parts) => {
                    session.run(&format!("CREATE TABLE {leaf} PARTITION OF {parent} {bound} PARTITION BY {by}"))?;
                    self.make(&leaf, parts)?;
                }
            }
        }
        Ok(())
    }

    fn bound(&self, bound: &Bound) -> String {
        let end = |place: Option<u32>, none: &str| place.map_or(none.to_owned(), |place| self.sample.place(self.table, place));
        match bound {
            Range(from, to) => format!("FOR VALUES FROM ({}) TO ({})", end(*from, "MINVALUE"), end(*to, "MAXVALUE")),
            List(values) => format!("FOR VALUES IN ({values})"),
            Hash(remainder) => format!("FOR VALUES WITH (MODULUS 2, REMAINDER {remainder})"),
            Default => "DEFAULT".into(),
        }
    }

    fn fill(&self) -> Result<()> {
        let session = self.session;
        for ToFill { parent, leaf, bound, is_attached } in &self.local {
            let rows = session.value(&format!("SELECT pg_get_partition_constraintdef('{leaf}'::regclass)"))?;
            if *is_attached {
                session.run(&format!("ALTER TABLE {parent} DETACH PARTITION {leaf}"))?;
            }
            fill(session, leaf, self.table, &rows)?;
            if *is_attached {
                session.run(&format!("ALTER TABLE {parent} ATTACH PARTITION {leaf} {bound}"))?;
            }
        }
        Ok(())
    }
}

/// Fills a table with rows of the copy.
fn fill(session: &Session, into: &str, table: &Table, condition: &str) -> Result<()> {
    let columns = super::columns(session, into)?;
    session.run(&format!("INSERT INTO {into} ({columns}) SELECT {columns} FROM local.{} WHERE {condition}; ANALYZE {into}", table.name))
}

/// Creates a local child with the earlier rows, and two foreign ones whose CHECK constraints bound the later rows.
pub(super) fn make_inherited(session: &Session, sample: &Sample, server: &Server) -> Result<()> {
    session.run("CREATE SCHEMA inherited")?;
    for (name, first, second) in INHERITED {
        let table = table(name);
        let time = format!("\"{}\"", table.time);
        let (first, second) = (sample.place(table, first), sample.place(table, second));
        let parent = format!("inherited.{name}");
        // NULL satisfies a CHECK. `IS NOT NULL` in it keeps records without a time in one child only.
        let present = format!("{time} IS NOT NULL AND {time} >= {first}");
        session.run(&format!(
            "CREATE TABLE {parent} (LIKE {}.{name}); CREATE TABLE {parent}_past (CHECK (NOT ({present}))) INHERITS ({parent})",
            server.name
        ))?;
        fill(session, &format!("{parent}_past"), table, &format!("NOT ({present})"))?;
        for (child, check) in
            [("winter", format!("{present} AND {time} < {second}")), ("spring", format!("{time} IS NOT NULL AND {time} >= {second}"))]
        {
            let leaf = format!("{parent}_{child}");
            session.run(&format!(
                "CREATE FOREIGN TABLE {leaf} (CHECK ({check})) INHERITS ({parent}) {}; {}",
                foreign_options(server, table),
                attach_options(table, &leaf)
            ))?;
        }
    }
    Ok(())
}
