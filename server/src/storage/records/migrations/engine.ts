import {
  type ColumnDefinitionNode,
  type KyselyPlugin,
  OperationNodeTransformer,
  type PluginTransformQueryArgs,
  type QueryId,
  RawNode,
  type RootOperationNode,
} from 'kysely';

/** Which database a migration runs on, for the few things that the schema builder cannot say for both. */
export type Engine = 'sqlite' | 'postgres';

/** What makes a migration mean the same on every engine. */
export const MIGRATION_PLUGINS: Record<Engine, readonly KyselyPlugin[]> = {
  sqlite: [],
  postgres: [{ transformQuery: sortTextByBytes, transformResult: async ({ result }) => result }],
};

/**
 * Texts sort and compare by their bytes, as they do in SQLite, instead of by the language of the server: lists have the same
 * order on every engine.
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
