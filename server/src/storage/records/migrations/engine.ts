import {
  type ColumnDefinitionNode,
  type KyselyPlugin,
  OperationNodeTransformer,
  type PluginTransformQueryArgs,
  type QueryId,
  RawNode,
  type RootOperationNode,
} from 'kysely';

/** The database of a migration, for the few differences that the schema builder does not cover. */
export type Engine = 'sqlite' | 'postgres';

/** Plugins that give a migration the same meaning on every engine. */
export const MIGRATION_PLUGINS: Record<Engine, readonly KyselyPlugin[]> = {
  sqlite: [],
  postgres: [{ transformQuery: sortTextByBytes, transformResult: async ({ result }) => result }],
};

/**
 * Texts are sorted and compared by their bytes, as in SQLite, instead of by the server's locale: lists have the same order on every engine.
 */
class TextByBytes extends OperationNodeTransformer {
  protected override transformColumnDefinition(node: ColumnDefinitionNode, queryId?: QueryId): ColumnDefinitionNode {
    const { dataType } = node;
    const isText = dataType.kind === 'DataTypeNode' && 'dataType' in dataType && dataType.dataType === 'text';
    const column = super.transformColumnDefinition(node, queryId);
    return isText ? { ...column, dataType: RawNode.createWithSql('text collate "C"') } : column;
  }
}

const TEXT_BY_BYTES = new TextByBytes();

function sortTextByBytes({ node, queryId }: PluginTransformQueryArgs): RootOperationNode {
  return TEXT_BY_BYTES.transformNode(node, queryId);
}
